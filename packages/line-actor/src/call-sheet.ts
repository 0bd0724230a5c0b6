import type { CallFacts, DialogFacts, OpenInvite } from '@offhook/core';
import type { Session } from '@offhook/sip';
import type { LegHop } from './leg-hop.ts';
import type { LineScope } from './line-scope.ts';
import type { CallFact } from './live-call.ts';

/** What is known of one call beside its state, as far as it has come. */
export interface CallSheet {
  readonly sessionId: number;
  /** Version of our latest session description. */
  version: number;
  /** Once its INVITE has left, or has come. */
  hop?: LegHop;
  server?: string;
  session?: Session;
  /** While it is not up. */
  invite?: OpenInvite;
  /** Of an incoming call while it is not up. */
  dialog?: DialogFacts;
}

const isUp = (state: string): boolean => state === 'up' || state === 'held';

/** What the next owner of the line needs of a call. */
function factsOf(line: LineScope, call: CallFact, hop: LegHop, sheet: CallSheet): CallFacts | undefined {
  const { id, direction, state, leg, codec } = call;
  const { server, session, invite, sessionId, version } = sheet;
  if (leg === undefined || server === undefined) return undefined;
  const { flow, protocol, reliable, viaSentBy, contactHostPort, localHost } = hop;
  const dialog = isUp(state) ? session?.facts() : sheet.dialog;
  return {
    ...{ call: id, direction, state, leg, server, edge: line.edgeAt.name },
    hop: { flow, protocol, reliable, viaSentBy, contactHostPort, localHost },
    ...{ sessionId, sdpVersion: version },
    ...(codec === undefined ? {} : { codec }),
    ...(dialog === undefined ? {} : { dialog }),
    ...(invite === undefined || isUp(state) ? {} : { invite }),
  };
}

/** Writes a call down for whoever takes the line over, or forgets it when it has ended. Nothing is written where nobody keeps calls. @source ADR 0010 */
export function writeDown(line: LineScope, call: CallFact, sheet: CallSheet): void {
  const { callStore, config } = line;
  if (callStore === undefined || sheet.hop === undefined) return;
  const facts = call.state === 'ended' ? undefined : factsOf(line, call, sheet.hop, sheet);
  if (facts !== undefined || call.state === 'ended') callStore.saveCall(config.id, call.id, facts);
}
