import type { Decision } from '@offhook/core';
import type { RequestPacket } from '../../src/index.ts';
import { type Departure, rebuildRoute } from '../stories/rebuild-route.ts';
import type { Played, Sample } from './play.ts';
import { isList, type Shape } from './plot.ts';
import { isWithdrawal, outsideDialogs } from './wire-laws.ts';

/* What must hold of the decision stream, of what a line says of itself, and of the two beside the wire. */

const atS = (ms: number): string => `${(ms / 1_000).toFixed(3)} s`;
const show = ({ atMs, rule, outcome }: Decision): string => `${atS(atMs)} ${rule} ${outcome.action} ${outcome.server ?? ''}`;

/** Only the tables of one mechanism are in force. @source architecture section 6, redundancy reference 3.11 */
export function oneTable({ world, plot, samples }: Played): readonly string[] {
  const isRanked = isList(plot.shape);
  const isDual = plot.shape.kind.startsWith('dual');
  const foreign = world.decisions().filter(({ rule, leg, outcome, candidates }) => {
    const ofList = /^(5\.6|5\.7|6\.2:list|6\.3):/.test(rule) || candidates.some(({ rank }) => rank !== undefined);
    const ofDual = /^6\.4:(both-|primary-|alternate-)/.test(rule) && !/^6\.4:primary-usable$/.test(rule);
    const ofAlternate = leg === 'alternate' || outcome.leg === 'alternate';
    return (ofList && !isRanked) || ((ofDual || ofAlternate) && !isDual);
  });
  const mode = isRanked ? 'list' : isDual ? 'dual' : 'single';
  const modes = new Set(samples.map(({ status }) => status.mode).filter((each) => each !== mode));
  return [
    ...foreign.slice(0, 1).map((each) => `on a ${mode} line: ${show(each)}`),
    ...[...modes].map((each) => `it runs as ${each}`),
  ];
}

/** A power cut ends what waits for its connection, or for a registration elsewhere (D-15), and nobody can say so any more. */
const cutOff = ({ lives }: Played, atMs: number): boolean => lives.some(({ cutMs }) => atMs <= cutMs && cutMs - atMs <= 40_000);

/** Each request of the line outside dialogs is the doing of a decision of that instant, or of one whose connection or registration is there now. */
export function explained(played: Played): readonly string[] {
  const { world } = played;
  const { departures } = rebuildRoute(world.decisions());
  const connected = new Set(
    world.wire.packets
      .filter(({ kind }) => kind === 'accept')
      .map(({ from, protocol, deliveredAtMs }) => `${from.host}:${from.port};${protocol} ${deliveredAtMs}`),
  );
  const registered = new Set(
    world
      .decisions()
      .filter(({ outcome }) => ['registered', 'refreshed'].includes(outcome.action))
      .map(({ atMs, outcome }) => `${outcome.server} ${atMs}`),
  );
  const left = new Map<string, Departure[]>();
  for (const departure of departures) {
    const name = `${departure.method} ${departure.server}`;
    left.set(name, [...(left.get(name) ?? []), departure]);
  }
  const isDueTo = (packet: RequestPacket, { atMs, server, method, withdraws }: Departure): boolean => {
    if (packet.atMs < atMs || withdraws !== isWithdrawal(packet)) return false;
    const at = `${server} ${packet.atMs}`;
    return packet.atMs === atMs || connected.has(at) || (method !== 'REGISTER' && registered.has(at));
  };
  const faults: string[] = [];
  for (const packet of outsideDialogs(played)) {
    const { to, protocol, message, atMs } = packet;
    const name = `${message.method} ${to.host}:${to.port};${protocol}`;
    const open = left.get(name) ?? [];
    const index = open.findLastIndex((departure) => isDueTo(packet, departure));
    const departure = open[index];
    open.splice(index, index < 0 ? 0 : 1);
    if (departure === undefined) faults.push(`${atS(atMs)} ${name} (${message.cseq.number}) left without a decision`);
  }
  for (const [name, open] of left)
    for (const { atMs, id, rule } of open)
      if (!cutOff(played, atMs)) faults.push(`${atS(atMs)} ${name} ${id} was decided by ${rule} and has not left`);
  return faults;
}

/** What each leg holds follows from the stream. @source redundancy reference D-38 */
export function legsRebuilt({ world, samples }: Played): readonly string[] {
  const { stateAt } = rebuildRoute(world.decisions());
  return samples.flatMap(({ atMs, decided, status }) =>
    status.legs.flatMap(({ leg, bound, usable }) => {
      const known = stateAt(status.id, leg, atMs, decided);
      const same = known.bound === bound && known.usable === usable;
      return same
        ? []
        : [
            `${atS(atMs)} ${leg}: by the stream bound ${known.bound} usable ${known.usable}, by itself bound ${bound} usable ${usable}`,
          ];
    }),
  );
}

const routing = new Set(['route-top', 'route-lower', 'out-of-service']);
const resumed = new Set(['D-46:resume', 'D-46:no-binding']);

/** Where new requests go follows from the stream, as long as a list is in service. @source architecture section 5 */
export function routeRebuilt({ world, samples, plot }: Played): readonly string[] {
  if (!isList(plot.shape)) return [];
  const decisions = world.decisions();
  return samples.flatMap(({ atMs, decided, status }) => {
    if (status.route === 'outOfService') return [];
    const moved = decisions
      .slice(0, decided)
      .findLast(({ about, rule, outcome }) => (about === 'line' && routing.has(outcome.action)) || resumed.has(rule));
    const current = status.servers?.find((each) => each.current === true)?.server;
    return moved === undefined || moved.outcome.server === current
      ? []
      : [`${atS(atMs)}: by the stream requests go to ${moved.outcome.server} (${show(moved)}), by itself to ${current}`];
  });
}

/** The registration is where the line's list says it is, a refresh may be on its way to another server; and there it is withdrawn. */
export function agrees({ samples, world }: Played): readonly string[] {
  const astray = world
    .decisions()
    .filter(({ rule, outcome, candidates }) => {
      const holder = candidates.find(({ bound, rank }) => bound && rank !== undefined);
      return rule === '6.1:line.stop' && outcome.server !== undefined && holder !== undefined && holder.server !== outcome.server;
    })
    .map((each) => `withdrawn where it is not: ${show(each)}`);
  const apart = samples.flatMap(({ atMs, status }) => {
    const leg = status.legs.find(({ usable }) => usable);
    const holder = status.servers?.find(({ usable }) => usable);
    if (status.servers === undefined || leg?.registration === 'refreshing' || leg?.server === holder?.server) return [];
    return [`${atS(atMs)}: the leg is registered at ${leg?.server}, the list at ${holder?.server}`];
  });
  return [...astray, ...apart];
}

/** A leg is never where nothing but a person gets it out of. @source redundancy reference 6.1 */
function stuck({ atMs, status, next }: Sample, shape: Shape): readonly string[] {
  const faults: string[] = [];
  for (const leg of status.legs) {
    const { registration, retryAtMs = 0, expiresAtMs = 0 } = leg;
    const isStuck =
      (registration === 'waiting' && retryAtMs < atMs) ||
      (registration === 'registered' && expiresAtMs < atMs) ||
      (registration === 'rejected' && shape.longRetryS !== 0) ||
      (registration === 'off' && shape.register && !['draining', 'restarting', 'stopped'].includes(status.route));
    if (isStuck) faults.push(`${atS(atMs)}: ${leg.leg} is ${registration}, and nothing is ahead`);
  }
  const returns = next.some(({ what }) => what === 'fallback');
  const mayReturn = status.route === 'failedOver' && isList(shape) && shape.fallbackS > 0;
  if (mayReturn && !returns && status.calls.length === 0)
    faults.push(`${atS(atMs)}: it has failed over, and no return is scheduled`);
  return faults;
}

export function waysOut({ samples, lives, plot }: Played): readonly string[] {
  return samples.flatMap((sample) => stuck(sample, lives.findLast(({ fromMs }) => fromMs <= sample.atMs)?.shape ?? plot.shape));
}

/** Without an interval a server that works is not left. @source redundancy reference D-09, RED-13 */
export function staysPut({ world, lives, plot }: Played): readonly string[] {
  if (!isList(plot.shape) || lives.some(({ shape }) => shape.fallbackS > 0)) return [];
  return world
    .decisions()
    .filter(({ rule, outcome }) => /^5\.7:(?!survivability)/.test(rule) && !['hold', 'wait'].includes(outcome.action))
    .map(show);
}

/** Nothing threw, nothing was logged as an error, no line was started again by its supervisor. @source architecture section 10 */
export function noFailures({ world }: Played): readonly string[] {
  const failed = world.facts('state').filter(({ value }) => (value as { readonly state?: string }).state === 'failed');
  const errors = world.ambient.logs.filter(({ level }) => level === 'error');
  return [
    ...failed.map(({ atMs }) => `${atS(atMs)}: the line failed`),
    ...errors.map(({ atMs, message, fields }) => `${atS(atMs)}: ${message} ${String(fields.error ?? '')}`),
  ];
}

/** A line at rest keeps a handful of timers. */
export const fewTimers = ({ world, recoveredS }: Played): readonly string[] =>
  recoveredS !== undefined && world.ambient.pendingTimers > 12 ? [`${world.ambient.pendingTimers} timers at rest`] : [];

/** Registered and on its best server within the bound, and so it stays. */
export const recovers = ({ recoveredS, boundS, unrest }: Played): readonly string[] =>
  recoveredS === undefined ? [`it has not recovered within ${boundS} s: ${unrest.join('; ')}`] : unrest;
