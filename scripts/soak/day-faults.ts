import { createRandom, type Registrar, type World } from '../../packages/lab/src/index.ts';

/** What can befall a day of lines, drawn from a seed. */
export interface DayFaults {
  /** What was done, and how often. */
  readonly counts: Readonly<Record<string, number>>;
  readonly total: number;
  /** One fault, its length, and the quiet after it. */
  next(): Promise<void>;
  /** The whole phone loses its power and comes back with what its store kept. */
  powerCut(): Promise<void>;
}

const hosts = ['10.0.0.1', '10.0.0.2'] as const;
const minute = 60;

export function createDayFaults(world: World, seed: string, lineIds: readonly string[]): DayFaults {
  const random = createRandom(`day ${seed}`);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const between = (low: number, high: number): number => low + random() * (high - low);
  const some = (count: number): readonly string[] => Array.from({ length: count }, () => pick(lineIds));
  const side = (): Registrar => pick([world.p, world.a]);
  const counts: Record<string, number> = {};
  const quietly = (promise: Promise<unknown>): void => void promise.catch(() => {});

  async function calls(): Promise<void> {
    const callers = some(20);
    for (const id of callers) quietly(world.line(id).begin('call', { target: '2000' }));
    await world.run(between(5, 90));
    for (const id of callers) quietly(world.line(id).begin('hangup'));
  }

  function withRegister(answer: (registrar: Registrar) => void): () => Promise<void> {
    return async () => {
      const registrar = side();
      answer(registrar);
      await world.run(between(2, 15) * minute);
      registrar.clear();
    };
  }

  const faults: Readonly<Record<string, () => Promise<void>>> = {
    async silence() {
      const host = pick(hosts);
      world.wire.silence(host, pick(['to', 'from', 'both']));
      await world.run(between(1, 15) * minute);
      world.wire.heal(host);
    },
    async refuse() {
      const host = pick(hosts);
      world.wire.refuse(host, pick(['refused', 'unreachable']));
      await world.run(between(1, 10) * minute);
      world.wire.heal(host);
    },
    '503': withRegister((registrar) => registrar.answer('REGISTER', 503)),
    'Retry-After': withRegister((registrar) => registrar.answer('REGISTER', 503, { retryAfterS: Math.round(between(5, 600)) })),
    async 'TCP end'() {
      world.wire.hangUp(pick(hosts), pick(['closed', 'reset']));
    },
    async 'stale nonces'() {
      side().staleNonces();
    },
    async 'lost bindings'() {
      side().forget();
    },
    async 'restart of lines'() {
      for (const id of some(Math.max(1, Math.ceil(lineIds.length / 50)))) quietly(world.line(id).begin('restart'));
    },
    calls,
    async 'calls in an outage'() {
      const host = pick(hosts);
      world.wire.silence(host);
      await calls();
      world.wire.heal(host);
    },
  };
  const names = Object.keys(faults);

  const count = (name: string): void => {
    counts[name] = (counts[name] ?? 0) + 1;
  };

  return {
    counts,
    get total() {
      return Object.values(counts).reduce((sum, count) => sum + count, 0);
    },
    async next() {
      const name = pick(names);
      count(name);
      await faults[name]?.();
      await world.run(between(1, 8) * minute);
    },
    async powerCut() {
      count('power cut');
      await world.powerCut();
      await world.boot();
    },
  };
}
