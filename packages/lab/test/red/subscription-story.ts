import { dualLine, singleLine, type World, type WorldOptions } from '../../src/index.ts';

/* Section 6.8 with the one subscription a line has: message-summary (RFC 3842). It begins when the line is registered, at 0 s. */

export const voiceMailServer = '$USER@$PROXY';
export const single = (values: WorldOptions = {}): WorldOptions => ({ lines: [singleLine({ voiceMailServer })], ...values });
export const dual = (values: WorldOptions = {}): WorldOptions => ({ lines: [dualLine({ voiceMailServer })], ...values });

export const subscribes = (world: World, sinceS = 0) => world.sent('SUBSCRIBE', { sinceS });
export const first = (world: World, sinceS = 0) => world.sent('SUBSCRIBE', { sinceS, first: true });
export const mailbox = (world: World) => world.line().status().subscriptions[0];
export const mwi = (world: World) =>
  world
    .facts('state')
    .map(({ atMs, value }) => ({ atS: atMs / 1_000, ...(value as { type: string; waiting?: boolean; voice?: unknown }) }))
    .filter(({ type }) => type === 'mwi')
    .map(({ atS, waiting, voice }) => [atS, waiting, voice]);
export const rules = (world: World, sinceS = 0) =>
  world
    .decisions()
    .filter(({ request, atMs }) => request?.method === 'SUBSCRIBE' && atMs >= sinceS * 1_000)
    .map(({ atMs, rule }) => [Math.round(atMs) / 1_000, rule]);
/** Answers the phone gave to NOTIFY, as the wire saw them. */
export const answers = (world: World, sinceS = 0) =>
  world.wire
    .responses({ from: '10.0.0.9', method: 'NOTIFY' })
    .filter(({ atMs }) => atMs >= sinceS * 1_000)
    .map(({ message }) => message.status);
export const field = (world: World, name: string) =>
  world.wire.requests({ from: '10.0.0.9', method: 'SUBSCRIBE' }).map(({ message }) => message.header(name));
export const callIds = (world: World) => new Set(field(world, 'Call-ID')).size;
