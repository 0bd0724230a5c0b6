import { parseRuntimeConfig, type RuntimeConfig } from '@offhook/core';
import type { CallFact, Runtime } from '@offhook/runtime';
import type { DemoServer } from './demo-servers.ts';
import type { Watch } from './watch.ts';

/** Seconds. Shorter than a phone's defaults (16, 30, 3600), so that the story takes a quarter of a minute. */
export const pace = { timer: 3, retry: 4, expires: 14 };

/** One goal of the story and whether it was met. */
export interface Step {
  readonly step: string;
  readonly ok: boolean;
  readonly atMs: number;
  readonly detail: string;
}

/** What the story is told to. */
export interface Listener {
  /** A step begins. */
  onStep(number: number, count: number, step: string, about: string): void;
  onDone(step: Step): void;
}

export const demoConfig = (primary: DemoServer, alternate: DemoServer): RuntimeConfig =>
  parseRuntimeConfig({
    cluster: 'demo',
    edge: {
      listen: [
        { protocol: 'udp', host: '127.0.0.1', port: 0 },
        { protocol: 'tcp', host: '127.0.0.1', port: 0 },
      ],
    },
    phone: { sipTimerB: pace.timer, sipTimerF: pace.timer, regRetryIntvl: pace.retry },
    templates: {
      dual: {
        proxy: primary.udp,
        alternateProxy: alternate.udp,
        dualRegistration: true,
        password: 'demo',
        registerExpires: pace.expires,
      },
    },
    lines: [
      { template: 'dual', userId: '1001', displayName: 'Reception' },
      {
        template: 'dual',
        userId: '1002',
        displayName: 'Workshop',
        sipTransport: 'TCP',
        proxy: primary.tcp,
        alternateProxy: alternate.tcp,
      },
      { template: 'dual', userId: '1003', displayName: 'Gate' },
    ],
  });

/** What the steps need to look at and to act on. */
interface Stage {
  readonly runtime: Runtime;
  readonly watch: Watch;
  readonly primary: DemoServer;
}

interface Scene {
  readonly step: string;
  /** What happens, for those who see it for the first time. */
  readonly about: string;
  /** Whether the goal was met, and what was seen. */
  play(stage: Stage): Promise<Pick<Step, 'ok' | 'detail'>>;
}

const usable = ({ runtime }: Stage, leg: string): number =>
  runtime.lines().filter(({ legs }) => legs.some((each) => each.leg === leg && each.usable)).length;

const counts = (stage: Stage): string =>
  `${usable(stage, 'primary')} of 3 lines registered at the primary, ${usable(stage, 'alternate')} of 3 at the alternate`;

const untilPrimary = (stage: Stage, lines: number, timeoutS: number): Promise<boolean> =>
  stage.watch.until(() => usable(stage, 'primary') === lines, timeoutS * 1000);

/** Calls 5000, which answers at both servers, and hangs up. */
async function place({ runtime, watch }: Stage, line: string, leg: string): Promise<Pick<Step, 'ok' | 'detail'>> {
  const startMs = runtime.ambient.now();
  const { id } = (await runtime.command(line, 'call', { target: '5000' })) as CallFact;
  const latest = (): CallFact | undefined => watch.call(line, id);
  await watch.until(() => ['up', 'ended'].includes(latest()?.state ?? ''), (2 * pace.timer + 5) * 1000);
  const call = latest();
  const isUp = call?.state === 'up';
  if (isUp) await runtime.command(line, 'hangup', { call: id });
  const tookS = ((runtime.ambient.now() - startMs) / 1000).toFixed(1);
  const detail = `call of line ${line} ${isUp ? `answered on the ${call.leg} after ${tookS} s` : (call?.reason ?? 'lost')}`;
  return { ok: isUp && call.leg === leg, detail };
}

const scenes: readonly Scene[] = [
  {
    step: 'register',
    about: 'Each line registers at both servers.',
    async play(stage) {
      const ok = await stage.watch.until(() => usable(stage, 'primary') === 3 && usable(stage, 'alternate') === 3, 10_000);
      return { ok, detail: counts(stage) };
    },
  },
  {
    step: 'call by the primary',
    about: 'All is well: a call leaves by the primary.',
    play: (stage) => place(stage, '1001', 'primary'),
  },
  {
    step: 'primary silent: call leaves by the alternate',
    about: `The primary answers nothing from now on, and no line knows it yet: the call waits for Timer B (${pace.timer} s), then moves.`,
    play(stage) {
      stage.primary.silence();
      return place(stage, '1001', 'alternate');
    },
  },
  {
    step: 'registrations at the primary fail',
    about: 'The lines renew their registrations; those at the primary get no answer.',
    async play(stage) {
      const ok = await untilPrimary(stage, 0, pace.expires + 2 * pace.timer + 5);
      return { ok, detail: counts(stage) };
    },
  },
  {
    step: 'primary known to be down: straight to the alternate',
    about: 'Another call, from the line on TCP: the primary is not even tried.',
    play: (stage) => place(stage, '1002', 'alternate'),
  },
  {
    step: 'primary is back',
    about: 'The primary answers again: the lines find it at their next try.',
    async play(stage) {
      stage.primary.recover();
      const ok = await untilPrimary(stage, 3, 2 * pace.retry + pace.timer + 5);
      return { ok, detail: counts(stage) };
    },
  },
  {
    step: 'call by the primary again',
    about: 'The next call leaves by the primary as before.',
    play: (stage) => place(stage, '1001', 'primary'),
  },
];

/** The story: registration, an outage, the way round it, the recovery. An interrupt ends it before its next step. */
export async function tell(stage: Stage, listener: Listener, interrupted: AbortSignal): Promise<readonly Step[]> {
  const { ambient } = stage.runtime;
  const startMs = ambient.now();
  const steps: Step[] = [];
  for (const [i, { step, about, play }] of scenes.entries()) {
    listener.onStep(i + 1, scenes.length, step, about);
    const result = await play(stage);
    if (interrupted.aborted) break;
    const done = { step, ...result, atMs: Math.round(ambient.now() - startMs) };
    steps.push(done);
    listener.onDone(done);
  }
  return steps;
}
