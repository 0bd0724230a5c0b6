import type { LineInput } from '@offhook/core';
import { createRandom, dualLine, type Registrar, type ScriptedCall, singleLine, type World } from '../../src/index.ts';

/* Hours in the life of several lines: outages of every kind, calls and messages, drawn from a seed. */

export const storyLines: readonly LineInput[] = [
  dualLine({ userId: '1001' }),
  dualLine({ userId: '1002', makeCallWithoutReg: true }),
  dualLine({ userId: '1003', sipTransport: 'TCP' }),
  dualLine({ userId: '1004', sipTransport: 'TCP', makeCallWithoutReg: true }),
  singleLine({ userId: '1005' }),
  singleLine({ userId: '1006', sipTransport: 'TCP' }),
  dualLine({ userId: '1007', register: false }),
  dualLine({ userId: '1008', register: false, sipTransport: 'TCP' }),
];
const storyUsers = storyLines.map(({ userId }) => String(userId));

const hosts = ['10.0.0.1', '10.0.0.2', '10.0.0.1;udp', '10.0.0.2;udp', '10.0.0.1;tcp', '10.0.0.2;tcp'];

export interface RandomStory {
  /** Every request of a line outside dialogs that was asked for, settled or not. */
  readonly asked: readonly Promise<unknown>[];
  /** One event; then some seconds pass. */
  step(): Promise<void>;
  /** Everything is put right; what is under way ends. */
  settle(): Promise<void>;
}

export async function createRandomStory(world: World, seed: string): Promise<RandomStory> {
  const random = createRandom(`story ${seed}`);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const upTo = (limit: number): number => Math.floor(random() * limit);
  const side = (): Registrar => pick([world.p, world.a]);
  const callee = await world.party('2000');
  const caller = await world.party('3000');
  const asked: Promise<unknown>[] = [];
  const incoming: ScriptedCall[] = [];
  const quietly = (promise: Promise<unknown>): void => void asked.push(promise.catch((error: unknown) => error));

  const events: readonly (() => void)[] = [
    () => world.wire.silence(pick(hosts), pick(['to', 'from', 'both'])),
    () => world.wire.refuse(pick(hosts), pick(['refused', 'unreachable'])),
    () => world.wire.heal(pick(hosts)),
    () => world.wire.heal(),
    () => world.wire.hangUp(pick(['10.0.0.1', '10.0.0.2']), pick(['closed', 'reset'])),
    () => side().answer('REGISTER', pick([503, 500, 403, 408]), { times: 1 + upTo(4) }),
    () => side().answer('REGISTER', 503, { times: 1 + upTo(3), retryAfterS: 5 + upTo(90) }),
    () => side().answer('REGISTER', 423, { times: 1 + upTo(3), headers: [['Min-Expires', String(60 + upTo(600))]] }),
    () => side().answer(pick(['INVITE', 'MESSAGE', 'OPTIONS']), pick([503, 500, 486, 404, 302]), { times: 1 + upTo(3) }),
    () => side().answer('INVITE', [{ status: 100 }, { status: pick([183, 503, 486, 200]), afterMs: upTo(20_000) }], { times: 1 }),
    () => side().answer('INVITE', 302, { times: 1, headers: [['Contact', '<sip:2000@10.0.0.1>']] }),
    () => side().silence(pick(['INVITE', 'MESSAGE', 'REGISTER']), { times: 1 + upTo(4) }),
    () => side().clear(),
    () => side().set({ inviteAuth: random() < 0.5, grantS: pick([60, 120, 300, 600]) }),
    () => side().staleNonces(),
    () => side().forget(),
    () => callee.expect({ status: pick([200, 200, 486]), answerAfterMs: pick([0, 2_000, 8_000]) }),
    () => void incoming.push(caller.call(pick(storyUsers))),
    () => incoming.at(-1)?.hangUp(),
  ];
  const commands: readonly (() => void)[] = [
    () => quietly(world.line(pick(storyUsers)).begin('call', { target: '2000' })),
    () => quietly(world.line(pick(storyUsers)).begin('hangup')),
    () => quietly(world.line(pick(storyUsers)).begin('answer')),
    () => quietly(world.line(pick(storyUsers)).begin('message', { target: '2000', text: 'hello' })),
    () => quietly(world.line(pick(storyUsers)).begin('options', { target: 'sip:2000@10.0.0.1' })),
  ];
  const restart = (): void => quietly(world.line(pick(storyUsers)).begin('restart'));

  return {
    asked,
    async step() {
      const draw = random();
      if (draw < 0.5) pick(events)();
      else if (draw < 0.99) pick(commands)();
      else restart();
      await world.run(random() < 0.3 ? random() : 1 + random() * 40);
    },
    async settle() {
      world.wire.heal();
      for (const each of [world.p, world.a]) each.clear();
      for (const call of incoming) call.hangUp();
      for (const user of storyUsers) await world.line(user).command('hangup');
      await world.run(1_300);
      await world.until(Promise.all(asked));
    },
  };
}
