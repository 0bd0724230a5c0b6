import { type FlowFailure, formatEndpoint, type LineInbound } from '@offhook/core';
import { createDialogs, type Dialogs, type IncomingInvite, readSipUri, type ServerTransaction } from '@offhook/sip';
import { createDialogHops, type DialogHops } from './dialog-hops.ts';
import { allow } from './inbound.ts';
import type { LegHop } from './leg-hop.ts';
import type { LineScope } from './line-scope.ts';
import type { Place } from './place.ts';

/** The dialogs of a line, one set per leg, made when a leg first needs them. */
export interface LegDialogs {
  of(place: Place): Dialogs;
  all(): readonly Dialogs[];
  /** Where a request came from: the leg its own Contact names, else the flow. */
  placeOf(server: ServerTransaction): Place | undefined;
  flowFailed(failure: FlowFailure): void;
  dispose(): void;
}

export interface LegDialogsEvents {
  onInvite(incoming: IncomingInvite, place: Place, hop: LegHop): void;
  onFault(error: unknown): void;
}

/** Requests of a dialog go where its INVITE came from (6.5). */
function hopBack({ hops }: Place, { flow, protocol, local }: LineInbound): LegHop {
  const known = hops.current();
  if (known?.flow === flow) return known;
  const here = formatEndpoint(local);
  return { flow, protocol, reliable: protocol !== 'udp', viaSentBy: here, contactHostPort: here, localHost: local.host };
}

export function createLegDialogs(line: LineScope, events: LegDialogsEvents): LegDialogs {
  const { ambient, layer, key } = line;
  const made = new Map<string, Dialogs>();

  const ways: DialogHops[] = [];

  /** Counts the configurations that dialogs were made with: those of earlier ones live on, new ones are made anew. */
  let generation = 0;
  let { config: known } = line;

  function make(place: Place): Dialogs {
    const { config, identity, timers } = line;
    const { leg, identity: own } = place;
    const way = createDialogHops({
      place,
      protocol: own.target.protocol,
      timeoutMs: timers.timerFMs,
      hopsTo: (target) => line.hopsTo(leg.leg, target),
    });
    ways.push(way);
    const hasOutboundProxy = own.routes.length > 0;
    let answered: LegHop | undefined;
    return createDialogs({
      ambient,
      key,
      layer,
      timers: { t1Ms: timers.t1Ms, t2Ms: timers.t2Ms },
      identity: { uri: `sip:${identity.user}@${identity.domain}`, displayName: config.ext.displayName },
      credentials: leg.credentials,
      routes: own.routes,
      userAgent: identity.userAgent,
      maxForwards: identity.maxForwards,
      maxAuth: line.maxAuth,
      maxRedirections: config.phone.maxRedirection,
      allow,
      contact: (hop) => leg.contact(hop as LegHop),
      hopOf(inbound) {
        answered = hopBack(place, inbound);
        return answered;
      },
      ...(hasOutboundProxy && !config.ext.useObProxyInDialog && { openHop: way.openTo }),
      reopenHop: way.reopen,
      onInvite: (incoming) => events.onInvite(incoming, place, answered as LegHop),
      onFault: events.onFault,
    });
  }

  return {
    of(place) {
      if (known !== line.config) generation += 1;
      known = line.config;
      const name = `${generation} ${place.leg.leg} ${place.identity.server}`;
      const dialogs = made.get(name) ?? make(place);
      made.set(name, dialogs);
      return dialogs;
    },
    all: () => [...made.values()],
    placeOf({ request, inbound }) {
      const named = readSipUri(request.uri)?.params.get('leg')?.toLowerCase();
      const places = line.places();
      const fits = ({ leg }: Place): boolean => named === undefined || leg.leg === (named === 'a' ? 'alternate' : 'primary');
      return places.find((place) => place.hops.current()?.flow === inbound.flow && fits(place)) ?? places.find(fits) ?? places[0];
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
