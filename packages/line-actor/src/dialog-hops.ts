import type { FlowFailure, Protocol } from '@offhook/core';
import { type Hop, readSipUri } from '@offhook/sip';
import type { LegIdentity } from './identity.ts';
import type { LegHops } from './leg-hop.ts';
import type { Place } from './place.ts';

/** The ways of requests inside the dialogs of one leg. */
export interface DialogHops {
  /** The way to the host of a URI: first Route entry, or remote target. @source redundancy 6.5 (Use OB Proxy In Dialog = No), RED-123 */
  openTo(uri: string): Promise<Hop>;
  /** The same way again, after its stream was lost. @source redundancy 6.5 */
  reopen(hop: Hop): Promise<Hop>;
  flowFailed(failure: FlowFailure): void;
  close(): void;
}

export interface DialogHopsOptions {
  readonly place: Place;
  /** How the leg itself travels: what a URI does not say. */
  readonly protocol: Protocol;
  readonly timeoutMs: number;
  hopsTo(target: LegIdentity['target']): LegHops;
}

const protocols: Readonly<Record<string, Protocol>> = { udp: 'udp', tcp: 'tcp', tls: 'tls' };

/** @source RFC 3263 section 4.1, as far as it needs no DNS */
function targetOf(text: string, own: Protocol): LegIdentity['target'] | undefined {
  const uri = readSipUri(text);
  if (uri === undefined) return undefined;
  const protocol = uri.scheme === 'sips' ? 'tls' : (protocols[uri.params.get('transport')?.toLowerCase() ?? ''] ?? own);
  return { host: uri.host, port: uri.port ?? (protocol === 'tls' ? 5061 : 5060), protocol };
}

export function createDialogHops(options: DialogHopsOptions): DialogHops {
  const { place, timeoutMs } = options;
  const others = new Map<string, LegHops>();
  const owners = new WeakMap<Hop, LegHops>();

  const open = (hops: LegHops): Promise<Hop> =>
    new Promise((resolve, reject) =>
      hops.use(timeoutMs, (result) => {
        if ('failure' in result) return reject(new Error(result.failure.detail));
        owners.set(result.hop, hops);
        resolve(result.hop);
      }),
    );

  return {
    openTo(uri) {
      const target = targetOf(uri, options.protocol);
      if (target === undefined) return Promise.reject(new Error(`no SIP URI to send to: ${uri}`));
      const name = `${target.host}:${target.port};${target.protocol}`;
      const hops = others.get(name) ?? options.hopsTo(target);
      others.set(name, hops);
      return open(hops);
    },
    reopen: (hop) => open(owners.get(hop) ?? place.hops),
    flowFailed({ flow }) {
      for (const hops of others.values()) if (hops.current()?.flow === flow) hops.forget();
    },
    close() {
      for (const hops of others.values()) hops.close();
      others.clear();
    },
  };
}
