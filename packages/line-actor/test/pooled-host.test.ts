import { systemAmbient } from '@offhook/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AnyStateMachine, assign, setup } from 'xstate';
import { callMachine } from '../src/call.machine.ts';
import type { CallEvent } from '../src/call.types.ts';
import { createActorHost, type LineHost, type Running } from '../src/host.ts';
import { lineMachine } from '../src/line.machine.ts';
import type { LineEvent } from '../src/line.types.ts';
import { createPooledHost } from '../src/pooled-host.ts';
import { registrationMachine } from '../src/registration.machine.ts';
import type { RegistrationEvent } from '../src/registration.types.ts';
import { subscriptionMachine } from '../src/subscription.machine.ts';
import type { SubscriptionEvent } from '../src/subscription.types.ts';
import { blankRecord } from './blank-record.ts';

/* Design section 5: the same machines run as plain actors and in a pooled host, and nobody can tell which. ADR 0005. */

type Ask = (name: string, ...args: readonly unknown[]) => unknown;

/** What a world answers is drawn from a seed; now and then an effect comes back with an event before it has returned. */
interface World {
  readonly log: string[];
  ask: Ask;
  machine?: Running<{ readonly type: string }>;
}

/** Events that come back out of effects end some time. */
const mostEchoes = 200;

function createWorld(answers: readonly number[], events: readonly { readonly type: string }[], throwsAt: number): World {
  let asked = 0;
  const world: World = {
    log: [],
    ask(name, ...args) {
      const answer = answers[asked % answers.length] ?? 0;
      asked += 1;
      world.log.push(`${name} ${JSON.stringify(args)}`);
      if (asked === throwsAt) throw new Error('an effect failed');
      const echo = events[answer % events.length];
      if (answer % 7 === 0 && asked <= mostEchoes && echo !== undefined) world.machine?.send(echo);
      return answer;
    },
  };
  return world;
}

/** Every effect of a chart is asked of the world. */
const effectsOf = <Effects>(world: World, read: Partial<Effects>): Effects =>
  new Proxy(read as object, {
    get: (known, name) =>
      (known as Record<string | symbol, unknown>)[name] ?? ((...args: unknown[]) => world.ask(String(name), ...args)),
  }) as Effects;

interface Chart {
  readonly machine: AnyStateMachine;
  readonly events: readonly { readonly type: string }[];
  input(world: World, flag: boolean): object;
}

const registrationEvents: readonly RegistrationEvent[] = [
  ...(['line.start', 'line.resume', 'line.stop', 'transport.down', 'server.moved', 'list.exhausted', 'leg.suspect'] as const).map(
    (type) => ({
      type,
    }),
  ),
  ...(['flow.same', 'flow.gone'] as const).map((type) => ({ type })),
  { type: 'edge.moved', was: 'e1', is: 'e2' },
  { type: 'reg.challenge', code: 401 },
  ...(['clock.refresh', 'clock.retry', 'clock.expiry'] as const).map((type) => ({ type })),
  { type: 'reg.ok', grantedS: 600 },
  { type: 'reg.tooBrief', minS: 7000 },
  { type: 'reg.reject', code: 503 },
  { type: 'reg.reject', code: 403, retryAfterS: 9 },
  { type: 'reg.none', cause: 'no-response' },
];
const callEvents: readonly CallEvent[] = [
  ...(['sip.accepted', 'sip.held', 'sip.resumed', 'sip.bye'] as const).map((type) => ({ type })),
  ...(['clock.inviteExpires', 'call.answer', 'call.hangup'] as const).map((type) => ({ type })),
  { type: 'sip.progress', status: 180 },
  { type: 'sip.failed', reason: 'answered 486', status: 486 },
  { type: 'sip.lost', reason: 'no-response' },
];

const lineEvents: readonly LineEvent[] = [
  ...(['line.start', 'line.stop', 'line.restart', 'legs.changed', 'list.changed'] as const).map((type) => ({ type })),
  ...(['clock.fallback', 'call.last', 'recovery.ok', 'recovery.failed'] as const).map((type) => ({ type })),
];

const odd = (world: World, name: string) => () => (world.ask(name) as number) % 2 === 1;

const subscriptionEvents: readonly SubscriptionEvent[] = [
  ...(['sub.start', 'sub.stop', 'reg.lost'] as const).map((type) => ({ type })),
  ...(['clock.refresh', 'clock.retry', 'clock.expiry', 'clock.notify'] as const).map((type) => ({ type })),
  { type: 'route.moved', place: { leg: 'alternate' } },
  { type: 'sub.ok', grantedS: 600 },
  { type: 'sub.notified', substate: 'active', expiresS: 300 },
  { type: 'sub.notified', substate: 'pending' },
  { type: 'sub.terminated', reason: 'deactivated' },
  { type: 'sub.terminated', reason: 'noresource' },
  { type: 'sub.tooBrief', minS: 900 },
  ...[481, 489, 500].map((code) => ({ type: 'sub.reject', code }) as const),
  { type: 'sub.none', cause: 'no-response' },
];

const charts: Readonly<Record<string, Chart>> = {
  registration: {
    machine: registrationMachine,
    events: registrationEvents,
    input(world, isStream) {
      let nowMs = 0;
      const retry = {
        intervalMs: 1000,
        capMs: 0,
        randomMs: 10,
        longMs: isStream ? 0 : 5000,
        longRandomMs: 0,
        retryRegRsc: '5??',
      };
      return {
        record: blankRecord(),
        settings: {
          ...{ registers: true, isStream, registerExpiresS: 3600, minExpiresS: 1, maxExpiresS: 7200, timerFMs: 16_000 },
          ...{ initialSpreadMs: 0, graceMs: isStream ? 2000 : 0, retry },
        },
        effects: effectsOf(world, {
          now: () => (nowMs += 50_000),
          random: () => 0.5,
          ...Object.fromEntries(
            ['isRanked', 'movesOn', 'holdsRefresh', 'isTakenOver', 'mayHaveFlow'].map((name) => [name, odd(world, name)]),
          ),
        }),
      };
    },
  },
  line: {
    machine: lineMachine,
    events: lineEvents,
    input(world, isDual) {
      const among =
        <Answer>(name: string, answers: readonly Answer[]) =>
        () =>
          answers[(world.ask(name) as number) % answers.length];
      const asked = ['registers', 'primaryUsable', 'alternateUsable', 'legsOff', 'hasCalls', 'isLatched'];
      const read = {
        mode: among('mode', isDual ? ['dual', 'dual', 'disabled'] : ['single', 'list', 'list', 'disabled']),
        listState: among('listState', ['onTop', 'failedOver', 'outOfService']),
        fallbackAction: among('fallbackAction', ['flip', 'recover']),
        ...Object.fromEntries(asked.map((name) => [name, odd(world, name)])),
      };
      return { effects: effectsOf(world, read) };
    },
  },
  subscription: {
    machine: subscriptionMachine,
    events: subscriptionEvents,
    input(world, isCalm) {
      let nowMs = 0;
      const odd = (name: string) => () => (world.ask(name) as number) % 2 === 1;
      return {
        record: {
          ...{ requestedS: 3600, wasTooBrief: false, begunAtMs: 0, askedAtMs: 0, isNotified: false },
          ...{ refreshAtMs: 0, expiresAtMs: 0, retryAtMs: 0 },
        },
        settings: { minExpiresS: 10, maxExpiresS: 7200, retryMs: isCalm ? 1 : 90_000, timerFMs: 16_000, timerNMs: 32_000 },
        effects: effectsOf(world, { now: () => (nowMs += 50_000), isElsewhere: odd('isElsewhere'), mayAsk: odd('mayAsk') }),
      };
    },
  },
  call: {
    machine: callMachine,
    events: callEvents,
    input: (world, outgoing) => ({ direction: outgoing ? 'outgoing' : 'incoming', effects: effectsOf(world, {}) }),
  },
};

interface Story {
  readonly answers: readonly number[];
  readonly steps: readonly number[];
  readonly flag: boolean;
  readonly throwsAt: number;
}

/** Runs a story; what the world was asked, each state it was told of, and the state after each event. */
function tell(host: LineHost, { machine, events, input }: Chart, { answers, steps, flag, throwsAt }: Story): readonly string[] {
  const world = createWorld(answers, events, throwsAt);
  world.machine = host.run(machine, {
    id: 'm',
    input: input(world, flag) as never,
    onState: (state) => void world.log.push(`told ${state}`),
    // xstate words the error of a guard anew.
    onError: () => void world.log.push('failed'),
  }) as Running<{ readonly type: string }>;
  for (const step of steps) {
    world.machine.send(events[step % events.length] as { readonly type: string });
    world.log.push(`is ${world.machine.state()}`);
  }
  return world.log;
}

const stories = fc.record({
  answers: fc.array(fc.nat(30), { minLength: 1, maxLength: 40 }),
  steps: fc.array(fc.nat(100), { maxLength: 60 }),
  flag: fc.boolean(),
  throwsAt: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 60 }) }),
});

describe('a pooled host', () => {
  for (const [name, chart] of Object.entries(charts)) {
    it(`steps the ${name} chart exactly as actors do: effects, their order, states, errors`, () => {
      fc.assert(
        fc.property(stories, (story) => {
          expect(tell(createPooledHost(), chart, story)).toEqual(tell(createActorHost(systemAmbient()), chart, story));
        }),
        { numRuns: 500 },
      );
    });
  }

  const run = (machine: AnyStateMachine) => createPooledHost().run(machine, { id: 'm', input: undefined as never, onError() {} });

  it('refuses a chart with more than named guards and plain named actions, and says what', () => {
    const types = setup({ actions: { count: assign({}) }, guards: {} });
    const counting = types.createMachine({ id: 'counting', initial: 'one', states: { one: { entry: 'count' } } });
    expect(() => run(counting)).toThrow('The chart "counting" cannot be pooled: actions count is not plain.');
    const waiting = setup({}).createMachine({ id: 'waiting', initial: 'one', states: { one: { after: { 5: 'two' } }, two: {} } });
    expect(() => run(waiting)).toThrow('state waiting.one invokes or waits');
    const parallel = setup({}).createMachine({ id: 'both', type: 'parallel', states: { one: {}, two: {} } });
    expect(() => run(parallel)).toThrow('state both is parallel');
  });
});
