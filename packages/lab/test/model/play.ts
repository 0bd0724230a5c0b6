import { createMemoryLineStore } from '@offhook/core/testkit';
import type { LineStatus } from '@offhook/runtime';
import { createWorld, type ScriptedCall, type World, worldAddresses } from '../../src/index.ts';
import { boundS, longestExpiryS } from './bound.ts';
import { type Act, isList, lineOf, type Plot, phoneOf, type Shape, serverAt, serversOf } from './plot.ts';

/* Plays a plot: its acts, the end of all faults, the time until the line has recovered, and a quiet time afterwards. */

const line = '1001';

/** What the line said of itself at some moment. */
export interface Sample {
  readonly atMs: number;
  /** Decisions so far. */
  readonly decided: number;
  readonly status: LineStatus;
  /** Moves that are scheduled, of a line that has failed over. */
  readonly next: readonly { readonly what: string; readonly atMs: number }[];
}

/** One power-on of the phone. */
export interface Life {
  /** When the one before it was cut off. */
  readonly cutMs: number;
  readonly fromMs: number;
  readonly shape: Shape;
}

export interface Played {
  readonly plot: Plot;
  readonly world: World;
  readonly samples: readonly Sample[];
  readonly lives: readonly Life[];
  readonly restartsMs: readonly number[];
  /** All faults ended. */
  readonly healedMs: number;
  /** From there until the line was registered and on its best server; undefined: it was not within the bound. */
  readonly recoveredS: number | undefined;
  readonly boundS: number;
  /** What is wrong after the quiet time. */
  readonly unrest: readonly string[];
}

/** Where a line should be when nothing is wrong. Empty: it is there. */
function shortcomings(status: LineStatus, shape: Shape): readonly string[] {
  const faults: string[] = [];
  for (const { leg, registration, usable } of status.legs) {
    if (!shape.register) {
      if (registration !== 'off') faults.push(`${leg} is ${registration} although Register is No`);
    } else if (!usable && !(registration === 'rejected' && shape.longRetryS === 0)) faults.push(`${leg} is ${registration}`);
  }
  const isRejected = status.legs.some(({ registration }) => registration === 'rejected');
  if (!isList(shape) || isRejected) return faults;
  const servers = status.servers ?? [];
  const current = servers.findIndex((each) => each.current === true);
  const holder = servers.findIndex(({ usable }) => usable);
  if (shape.register && holder !== current) faults.push(`requests go to ${current}, the registration is at ${holder}`);
  if (servers[current]?.survivability === true) faults.push('it is on the gateway');
  if (shape.fallbackS > 0 && current !== 0) faults.push(`requests go to ${current}, not to the best server`);
  if (shape.fallbackS > 0 && status.route !== 'onTop') faults.push(`its route is ${status.route}`);
  if (status.route === 'outOfService') faults.push('it is out of service');
  return faults;
}

interface Stage {
  readonly world: World;
  shape: Shape;
  readonly calls: ScriptedCall[];
  /** Commands of this life of the phone that have not been answered. */
  asked: Set<string>;
  readonly lives: Life[];
  readonly restartsMs: number[];
  call(of: World, through: ReturnType<typeof serverAt>): ScriptedCall;
}

function command({ world, asked }: Stage, name: string, args?: Readonly<Record<string, unknown>>): void {
  const what = `${name} of ${world.nowS} s`;
  asked.add(what);
  const done = (): void => void asked.delete(what);
  world.line(line).begin(name, args).then(done, done);
}

async function perform(stage: Stage, act: Act): Promise<void> {
  const { world, shape } = stage;
  const name = serverAt(shape, 'server' in act ? act.server : 0);
  const { host } = worldAddresses[name];
  const side = world.side(name);
  switch (act.act) {
    case 'silence':
      return world.wire.silence(host, act.direction);
    case 'refuse':
      return world.wire.refuse(host, act.reason);
    case 'heal':
      return world.wire.heal(host);
    case 'hang up':
      return world.wire.hangUp(host, act.how);
    case 'lose':
      return world.wire.shape(host, {
        lossRate: act.lossRate,
        delayMs: act.delayMs,
        jitterMs: act.delayMs / 2,
        duplicateRate: 0.05,
      });
    case 'answer':
      return side.answer(act.method, act.status, {
        times: act.times,
        ...(act.retryAfterS === undefined ? {} : { retryAfterS: act.retryAfterS }),
      });
    case 'ignore':
      return side.silence(act.method, { times: act.times });
    case 'ring on':
      return side.answer('INVITE', [{ status: act.status }], { times: 1 });
    case 'forget':
      return side.forget();
    case 'stale nonces':
      return side.staleNonces();
    case 'grant':
      return side.set({ grantS: act.grantS });
    case 'challenge calls':
      return side.set({ inviteAuth: true });
    case 'call':
      return command(stage, 'call', { target: '2000' });
    case 'message':
      return command(stage, 'message', { target: '2000', text: 'hello' });
    case 'end calls':
      return command(stage, 'hangup');
    case 'is called':
      stage.calls.push(stage.call(world, name));
      await world.run(0);
      if (act.answers) command(stage, 'answer');
      return;
    case 'caller hangs up':
      return stage.calls.findLast(({ state }) => state !== 'ended')?.hangUp();
    case 'restart':
      stage.restartsMs.push(world.ambient.now());
      return command(stage, 'restart');
    case 'power cut': {
      const cutMs = world.ambient.now();
      await world.powerCut();
      await world.run(act.offS);
      stage.asked = new Set();
      stage.shape = { ...shape, ...act.change };
      stage.lives.push({ cutMs, fromMs: world.ambient.now(), shape: stage.shape });
      return world.boot([lineOf(stage.shape)]);
    }
  }
}

/** Taken at rest: whatever belongs to this instant has happened. */
async function sampleOf(world: World): Promise<Sample> {
  await world.run(0);
  const said = world.line(line).status();
  const told = said.route === 'failedOver' ? await world.line(line).explain() : undefined;
  return { atMs: world.ambient.now(), decided: world.decisions().length, status: told ?? said, next: told?.next ?? [] };
}

/** What was under way when the faults ended may still fail: a connection, then a request on it. @source redundancy reference 3.5 Timer F */
const pendingS = 40;
/** Often at first, when most happens. */
const lookAfterS = (passedS: number): number => (passedS < 60 ? 5 : 20);

async function recover(stage: Stage, limitS: number, look: () => Promise<Sample>): Promise<number | undefined> {
  const { world, calls } = stage;
  const healedMs = world.ambient.now();
  world.wire.heal();
  for (const name of serversOf({ ...stage.shape, listed: 4, kind: 'list with a gateway' })) {
    if (name === 's3' || name === 's4' || name === 's5' || name === 'p' || name === 'a') world.side(name).clear();
  }
  for (const call of calls) if (call.state !== 'ended') call.hangUp();
  for (let passedS = 0; passedS <= limitS; passedS = (world.ambient.now() - healedMs) / 1_000) {
    // A request that was held up may still ring.
    if (world.line(line).status().calls.length > 0) command(stage, 'hangup');
    await world.run(lookAfterS(passedS));
    const sample = await look();
    const isIdle = sample.status.calls.length === 0 && stage.asked.size === 0;
    const isWell = passedS >= pendingS && isIdle && shortcomings(sample.status, stage.shape).length === 0;
    if (isWell) return (sample.atMs - healedMs) / 1_000;
  }
  return undefined;
}

const isRejected = ({ legs }: LineStatus, name: string | undefined): boolean =>
  legs.some(({ leg, registration }) => leg === name && registration === 'rejected');

/** A line that is well stays so: it refreshes and nothing else. */
async function rest(stage: Stage, plot: Plot, look: () => Promise<Sample>): Promise<readonly string[]> {
  const { world, shape } = stage;
  const before = world.decisions().length;
  await world.run(2 * longestExpiryS(plot) + shape.fallbackS + 1);
  const sample = await look();
  const faults = [...shortcomings(sample.status, shape)];
  const odd = world
    .decisions()
    .slice(before)
    .filter(({ about, outcome }) => about === 'line' || ['wait', 'lost', 'recover', 'reject'].includes(outcome.action))
    // What a rejected leg still holds runs out.
    .filter(({ leg, outcome }) => outcome.action !== 'lost' || !isRejected(sample.status, leg));
  for (const { atMs, rule, outcome } of odd)
    faults.push(`at rest, ${atMs / 1_000}: ${rule} ${outcome.action} ${outcome.server ?? ''}`);
  const holders = sample.status.servers?.filter(({ usable }) => usable) ?? sample.status.legs.filter(({ usable }) => usable);
  for (const { server } of holders) {
    const name = serversOf({ ...shape, listed: 4 }).find((each) => server.startsWith(`${worldAddresses[each].host}:`));
    if (name !== undefined && world.side(name).bindings(line).length === 0) faults.push(`${name} has no binding of the line`);
  }
  return faults;
}

/** The caller ends the world. */
export async function playPlot(plot: Plot, check: (played: Played) => void): Promise<void> {
  const world = await createWorld({
    seed: plot.seed,
    split: plot.split,
    lines: [lineOf(plot.shape)],
    phone: phoneOf(plot.shape),
    servers: ['s3', 's4', 's5'],
    store: createMemoryLineStore(),
    link: { delayMs: 5 },
  });
  try {
    await world.party('2000');
    const caller = await world.party('3000');
    const stage: Stage = {
      world,
      shape: plot.shape,
      calls: [],
      asked: new Set(),
      lives: [{ cutMs: Number.NEGATIVE_INFINITY, fromMs: 0, shape: plot.shape }],
      restartsMs: [],
      call: (_, through) => caller.call(line, { proxies: [worldAddresses[through]] }),
    };
    const samples: Sample[] = [];
    const look = async (): Promise<Sample> => {
      const sample = await sampleOf(world);
      samples.push(sample);
      return sample;
    };
    await world.runTo(1);
    for (const { act, thenS } of plot.steps) {
      await perform(stage, act);
      await look();
      await world.run(thenS);
      await look();
    }
    const limitS = boundS(plot, stage.shape);
    const healedMs = world.ambient.now();
    const recoveredS = await recover(stage, limitS, look);
    const unrest =
      recoveredS === undefined
        ? [...shortcomings(world.line(line).status(), stage.shape), ...stage.asked]
        : await rest(stage, plot, look);
    check({
      plot,
      world,
      samples,
      lives: stage.lives,
      restartsMs: stage.restartsMs,
      healedMs,
      recoveredS,
      boundS: limitS,
      unrest,
    });
  } finally {
    await world.stop();
  }
}
