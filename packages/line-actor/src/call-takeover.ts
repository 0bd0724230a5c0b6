import type { CallFacts, DialogFacts, LineInbound } from '@offhook/core';
import type { Session, SipRequest } from '@offhook/sip';
import type { LegDialogs } from './leg-dialogs.ts';
import type { LegHop } from './leg-hop.ts';
import type { LineScope } from './line-scope.ts';
import type { LiveCall } from './live-call.ts';
import type { Place } from './place.ts';

/** The calls that an earlier owner of the line has left. @source D-46, RFC 3261 sections 9.1, 12, 15; ADR 0010 */
export interface CallTakeover {
  /** @param goesOn false: the line begins anew, and its calls end */
  begin(kept: readonly CallFacts[], goesOn: boolean): void;
  /** The ACK of a call that its earlier owner had answered, and that was ended: its caller believes that it is up. */
  lateAck(request: SipRequest): void;
}

export interface CallTakeoverOptions {
  readonly line: LineScope;
  readonly dialogs: LegDialogs;
  /** Tracks a call that goes on. */
  resume(facts: CallFacts, session: Session, hop: LegHop): ResumedCall;
}

export interface ResumedCall {
  readonly call: LiveCall;
  /** Offers anew: a far side that has hung up or changed its mind meanwhile says so. @source RFC 3261 sections 12.2.1.2, 14.1 */
  ask(): void;
}

/** A dialog jumps its CSeq as a registration does: what its earlier owner may still send must come too late (D-46). */
const resumeJump = 100;
const source = 'redundancy 5.1, 6.5, D-46; RFC 3261 section 12';

const jumped = (dialog: DialogFacts): DialogFacts => ({ ...dialog, localSeq: dialog.localSeq + resumeJump });

const isText = (...values: readonly unknown[]): boolean => values.every((value) => typeof value === 'string' && value !== '');

/** What stands in a store may be anything; what of it goes into messages is looked at where they are written. */
const isReadable = ({ leg, server, edge, hop, invite }: CallFacts): boolean =>
  isText(leg, server, edge, hop?.flow, hop?.protocol, hop?.viaSentBy, hop?.contactHostPort, hop?.localHost) &&
  (invite === undefined || isText(invite.head));

export function createCallTakeover({ line, dialogs, resume }: CallTakeoverOptions): CallTakeover {
  const { ambient, layer, timers } = line;
  /** Incoming calls that were ended before they were up. */
  const refused: CallFacts[] = [];

  /** Another server of the leg will do to say goodbye. */
  function placeOf({ leg, server }: CallFacts): { readonly place: Place | undefined; readonly isSame: boolean } {
    const places = line.places().filter((place) => place.leg.leg === leg);
    const same = places.find(({ identity }) => identity.server === server);
    return { place: same ?? places[0], isSame: same !== undefined };
  }

  /** The flow of the call, which belongs to its edge; on another edge that of its leg. Where no edge answers nothing can be sent. */
  function way({ edge, hop }: CallFacts, place: Place, use: (hop: LegHop) => void): void {
    place.hops.use(timers.timerFMs, (result) => {
      if ('hop' in result) use(edge === line.edgeAt.name ? hop : result.hop);
    });
  }

  function ended({ call, leg, server, state }: CallFacts, why: string): void {
    const outcome = { action: 'end', leg, server, reason: 'takeover' };
    line.note({
      about: 'call',
      rule: 'D-46:call-ended',
      source,
      request: { method: 'INVITE', id: call },
      inputs: { was: state, why },
      outcome,
    });
  }

  /** Says what its state allows to be said: CANCEL, 480 or BYE. */
  function sayGoodbye(facts: CallFacts, place: Place, hop: LegHop): void {
    const { invite, dialog } = facts;
    if (invite === undefined) {
      if (dialog !== undefined) dialogs.of(place).restore(jumped(dialog), hop).bye();
      return;
    }
    const bytes = Buffer.from(invite.head);
    if (invite.remote === undefined || dialog === undefined) return layer.endLeft(bytes, hop, invite.isProceeding);
    const { flow, protocol, localHost } = hop;
    const ends = { local: { host: localHost, port: 0 }, remote: invite.remote };
    const inbound: LineInbound = { bytes, flow, protocol, ...ends, atMs: ambient.now() };
    layer.adopt(inbound, dialog.localTag).respond({ status: 480 });
    refused.push(facts);
  }

  function forget(facts: CallFacts, why: string): void {
    const { call: id, direction, leg, codec } = facts;
    ended(facts, why);
    line.callStore?.saveCall(line.config.id, id, undefined);
    const known = codec === undefined ? {} : { codec };
    line.publish('call', () => ({ id, direction, state: 'ended', leg, ...known, reason: 'takeover' }));
  }

  function end(facts: CallFacts, why: string): void {
    forget(facts, why);
    const { place } = placeOf(facts);
    if (place !== undefined) way(facts, place, (hop) => guarded(facts, () => sayGoodbye(facts, place, hop)));
  }

  /** A call that nobody can read ends no line. */
  function guarded(facts: CallFacts, act: () => void): boolean {
    try {
      act();
      return true;
    } catch (error) {
      ambient.log.warn('a kept call could not be read', { line: line.config.id, call: facts.call, error });
      return false;
    }
  }

  function goOn(facts: CallFacts, dialog: DialogFacts, place: Place): void {
    const session = dialogs.of(place).restore(jumped(dialog), facts.hop);
    const { call, ask } = resume(facts, session, facts.hop);
    const outcome = { action: 'resume', leg: facts.leg, server: facts.server };
    const request = { method: 'INVITE', id: call.id };
    line.note({ about: 'call', rule: 'D-46:call-resumed', source, request, inputs: { cseq: session.facts().localSeq }, outcome });
    const lose = (why: string): void => {
      if (call.isOver()) return;
      ended(facts, why);
      call.send({ type: 'sip.lost', reason: 'takeover' });
    };
    place.hops.use(timers.timerFMs, (result) => {
      if ('failure' in result) return lose('no flow');
      if (result.hop.contactHostPort !== facts.hop.contactHostPort) return lose('contact moved');
      // What was said while nobody owned the line is repeated, but not on a stream.
      if (facts.hop.reliable && !call.isOver()) ask();
    });
  }

  function take(facts: CallFacts, goesOn: boolean): void {
    const { place, isSame } = placeOf(facts);
    const { dialog, invite } = facts;
    if (!isReadable(facts)) return forget(facts, 'unreadable');
    if (!goesOn) return end(facts, 'configuration');
    if (place === undefined || !isSame) return end(facts, 'server gone');
    if (invite !== undefined || dialog === undefined) return end(facts, 'not up');
    if (facts.edge !== line.edgeAt.name) return end(facts, 'edge gone');
    if (!guarded(facts, () => goOn(facts, dialog, place))) end(facts, 'unreadable');
  }

  return {
    begin(kept, goesOn) {
      for (const facts of kept) guarded(facts, () => take(facts, goesOn));
    },
    lateAck({ callId, from, to }) {
      const facts = refused.find(({ dialog }) => {
        const isSame = dialog?.callId === callId && dialog.localTag === to.params.get('tag');
        return isSame && dialog.remoteTag === from.params.get('tag');
      });
      const place = facts && placeOf(facts).place;
      const { dialog } = facts ?? {};
      if (facts === undefined || place === undefined || dialog === undefined) return;
      refused.splice(refused.indexOf(facts), 1);
      way(facts, place, (hop) => guarded(facts, () => dialogs.of(place).restore(jumped(dialog), hop).bye()));
    },
  };
}
