import { type Ambient, formatEndpoint, type Leg, type LineConfig, type LineInbound, type LineKey } from '@offhook/core';
import {
  createDialogs,
  type Dialogs,
  type Hop,
  type IncomingInvite,
  readSipUri,
  type ServerTransaction,
  type TransactionLayer,
} from '@offhook/sip';
import type { Identity } from './identity.ts';
import { allow } from './inbound.ts';
import type { RunningLeg } from './leg.ts';
import type { LegHop } from './leg-hop.ts';

/** The dialogs of a line, one set per leg, made when a leg first needs them. */
export interface LegDialogs {
  of(leg: RunningLeg): Dialogs;
  all(): readonly Dialogs[];
  /** The leg a request came by: its own Contact says so, else the flow. */
  legOf(server: ServerTransaction): RunningLeg | undefined;
  dispose(): void;
}

export interface LegDialogsOptions {
  readonly ambient: Ambient;
  readonly layer: TransactionLayer;
  readonly key: LineKey;
  readonly config: LineConfig;
  readonly identity: Identity;
  readonly legs: ReadonlyMap<Leg, RunningLeg>;
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

  /** Opens the leg's hop, anew when the old flow is gone. */
  const openLeg = (leg: RunningLeg): Promise<Hop> =>
    new Promise((resolve, reject) =>
      leg.hops.use(config.phone.sipTimerF * 1000, (result) =>
        'hop' in result ? resolve(result.hop) : reject(new Error(result.failure.detail)),
      ),
    );

  function make(leg: RunningLeg): Dialogs {
    let answered: LegHop | undefined;
    return createDialogs({
      ambient,
      key,
      layer,
      timers: { t1Ms: config.phone.sipT1 * 1000, t2Ms: config.phone.sipT2 * 1000 },
      identity: { uri: `sip:${identity.user}@${identity.domain}`, displayName: config.ext.displayName },
      credentials: leg.credentials,
      routes: identity.legs[leg.leg]?.routes ?? [],
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
      reopenHop: () => openLeg(leg),
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
    dispose() {
      for (const dialogs of made.values()) dialogs.dispose();
      made.clear();
    },
  };
}
