import { type FlowFailure, formatEndpoint, type Leg, type LineInbound } from '@offhook/core';
import { createDialogs, type Dialogs, type IncomingInvite, readSipUri, type ServerTransaction } from '@offhook/sip';
import { createDialogHops, type DialogHops } from './dialog-hops.ts';
import { allow } from './inbound.ts';
import type { RunningLeg } from './leg.ts';
import type { LegHop } from './leg-hop.ts';
import type { LineScope } from './line-scope.ts';

/** The dialogs of a line, one set per leg, made when a leg first needs them. */
export interface LegDialogs {
  of(leg: RunningLeg): Dialogs;
  all(): readonly Dialogs[];
  /** The leg a request came by: its own Contact says so, else the flow. */
  legOf(server: ServerTransaction): RunningLeg | undefined;
  flowFailed(failure: FlowFailure): void;
  dispose(): void;
}

export interface LegDialogsEvents {
  onInvite(incoming: IncomingInvite, leg: RunningLeg, hop: LegHop): void;
  onFault(error: unknown): void;
}

/** Requests of a dialog go where its INVITE came from (6.5). */
function hopBack(leg: RunningLeg, { flow, protocol, local }: LineInbound): LegHop {
  const known = leg.hops.current();
  if (known?.flow === flow) return known;
  const here = formatEndpoint(local);
  return { flow, protocol, reliable: protocol !== 'udp', viaSentBy: here, contactHostPort: here, localHost: local.host };
}

export function createLegDialogs(line: LineScope, events: LegDialogsEvents): LegDialogs {
  const { ambient, layer, key, config, identity, timers } = line;
  const made = new Map<Leg, Dialogs>();

  const ways: DialogHops[] = [];

  function make(leg: RunningLeg): Dialogs {
    const own = identity.legs[leg.leg];
    const way = createDialogHops({
      leg,
      protocol: own?.target.protocol ?? 'udp',
      timeoutMs: timers.timerFMs,
      hopsTo: (target) => line.hopsTo(leg.leg, target),
    });
    ways.push(way);
    const hasOutboundProxy = own !== undefined && own.routes.length > 0;
    let answered: LegHop | undefined;
    return createDialogs({
      ambient,
      key,
      layer,
      timers: { t1Ms: timers.t1Ms, t2Ms: timers.t2Ms },
      identity: { uri: `sip:${identity.user}@${identity.domain}`, displayName: config.ext.displayName },
      credentials: leg.credentials,
      routes: own?.routes ?? [],
      userAgent: identity.userAgent,
      maxForwards: identity.maxForwards,
      maxAuth: line.maxAuth,
      maxRedirections: config.phone.maxRedirection,
      allow,
      contact: (hop) => leg.contact(hop as LegHop),
      hopOf(inbound) {
        answered = hopBack(leg, inbound);
        return answered;
      },
      ...(hasOutboundProxy && !config.ext.useObProxyInDialog && { openHop: way.openTo }),
      reopenHop: way.reopen,
      onInvite: (incoming) => events.onInvite(incoming, leg, answered as LegHop),
      onFault: events.onFault,
    });
  }

  return {
    of(leg) {
      const known = made.get(leg.leg) ?? make(leg);
      made.set(leg.leg, known);
      return known;
    },
    all: () => [...made.values()],
    legOf({ request, inbound }) {
      const named = readSipUri(request.uri)?.params.get('leg')?.toLowerCase();
      if (named === 'a') return line.leg('alternate');
      if (named === 'p') return line.leg('primary');
      return line.legs.find(({ hops }) => hops.current()?.flow === inbound.flow) ?? line.leg('primary');
    },
    flowFailed(failure) {
      for (const way of ways) way.flowFailed(failure);
    },
    dispose() {
      for (const dialogs of made.values()) dialogs.dispose();
      for (const way of ways.splice(0)) way.close();
      made.clear();
    },
  };
}
