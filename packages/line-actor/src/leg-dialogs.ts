import {
  type Ambient,
  type FlowFailure,
  formatEndpoint,
  type Leg,
  type LineConfig,
  type LineInbound,
  type LineKey,
} from '@offhook/core';
import {
  createDialogs,
  type Dialogs,
  type IncomingInvite,
  readSipUri,
  type ServerTransaction,
  type TransactionLayer,
} from '@offhook/sip';
import { createDialogHops, type DialogHops } from './dialog-hops.ts';
import type { Identity, LegIdentity } from './identity.ts';
import { allow } from './inbound.ts';
import type { RunningLeg } from './leg.ts';
import type { LegHop, LegHops } from './leg-hop.ts';

/** The dialogs of a line, one set per leg, made when a leg first needs them. */
export interface LegDialogs {
  of(leg: RunningLeg): Dialogs;
  all(): readonly Dialogs[];
  /** The leg a request came by: its own Contact says so, else the flow. */
  legOf(server: ServerTransaction): RunningLeg | undefined;
  flowFailed(failure: FlowFailure): void;
  dispose(): void;
}

export interface LegDialogsOptions {
  readonly ambient: Ambient;
  readonly layer: TransactionLayer;
  readonly key: LineKey;
  readonly config: LineConfig;
  readonly identity: Identity;
  readonly legs: ReadonlyMap<Leg, RunningLeg>;
  /** Flows of a leg to another server than its own. */
  hopsTo(leg: Leg, target: LegIdentity['target']): LegHops;
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

export function createLegDialogs(options: LegDialogsOptions): LegDialogs {
  const { ambient, layer, key, config, identity, legs } = options;
  const made = new Map<Leg, Dialogs>();

  const ways: DialogHops[] = [];

  function make(leg: RunningLeg): Dialogs {
    const own = identity.legs[leg.leg];
    const way = createDialogHops({
      leg,
      protocol: own?.target.protocol ?? 'udp',
      timeoutMs: config.phone.sipTimerF * 1000,
      hopsTo: (target) => options.hopsTo(leg.leg, target),
    });
    ways.push(way);
    const hasOutboundProxy = own !== undefined && own.routes.length > 0;
    let answered: LegHop | undefined;
    return createDialogs({
      ambient,
      key,
      layer,
      timers: { t1Ms: config.phone.sipT1 * 1000, t2Ms: config.phone.sipT2 * 1000 },
      identity: { uri: `sip:${identity.user}@${identity.domain}`, displayName: config.ext.displayName },
      credentials: leg.credentials,
      routes: own?.routes ?? [],
      userAgent: identity.userAgent,
      maxForwards: identity.maxForwards,
      maxAuth: config.phone.maxAuth,
      maxRedirections: config.phone.maxRedirection,
      allow,
      contact: (hop) => leg.contact(hop as LegHop),
      hopOf(inbound) {
        answered = hopBack(leg, inbound);
        return answered;
      },
      ...(hasOutboundProxy && !config.ext.useObProxyInDialog && { openHop: way.openTo }),
      reopenHop: way.reopen,
      onInvite: (incoming) => options.onInvite(incoming, leg, answered as LegHop),
      onFault: options.onFault,
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
      if (named === 'a') return legs.get('alternate');
      if (named === 'p') return legs.get('primary');
      return [...legs.values()].find(({ hops }) => hops.current()?.flow === inbound.flow) ?? legs.get('primary');
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
