import { type Endpoint, formatEndpoint, type Inbound, type Protocol } from '@offhook/core';
import { readNameAddr, readSipUri, readVia, type SipRequest, type SipResponse, type SipUri, uriTransport } from '@offhook/sip';
import type { Bindings } from './bindings.ts';
import type { Link, Links } from './links.ts';
import { passRequest, passResponse } from './raw-message.ts';

export interface ProxyOptions {
  readonly links: Links;
  readonly bindings: Bindings;
  /** True for a URI this proxy is responsible for. */
  readonly isMine: (uri: SipUri) => boolean;
  /** Where a user without a binding is reached. */
  readonly attached: (user: string) => Place | undefined;
  readonly recordsRoute: () => boolean;
  /** Answers a request that cannot be passed on. */
  readonly refuse: (request: SipRequest, inbound: Inbound, link: Link, status: number) => void;
}

/** A fixed place of a scripted party. */
export interface Place {
  readonly uri: string;
  readonly at: Endpoint;
  readonly protocol: Protocol;
}

/** Passes messages on without remembering them. @source RFC 3261 section 16.11 */
export interface Proxy {
  request(request: SipRequest, inbound: Inbound, link: Link): void;
  /** False for a response that is none of ours. */
  response(response: SipResponse): boolean;
}

/** Where a request goes next. */
type Next =
  | { readonly uri: string; readonly link: Link }
  | { readonly uri: string; readonly at: Endpoint; readonly protocol: Protocol };

const forming = new Set(['INVITE', 'SUBSCRIBE', 'REFER']);
const linkParam = 'lab-link';

/** 64 bits of a text: the same branch for a request, its repetitions, its CANCEL and the ACK of its failure. */
function digest(text: string): string {
  let word = '';
  for (const basis of [0x811c9dc5, 0x9e3779b9]) {
    let hash = basis;
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    word += (hash >>> 0).toString(16).padStart(8, '0');
  }
  return word;
}

const endpointOf = (uri: SipUri): Endpoint => ({ host: uri.host, port: uri.port ?? (uri.scheme === 'sips' ? 5061 : 5060) });
const protocolOf = (uri: SipUri): Protocol => {
  const named = uriTransport(uri);
  if (named === 'tcp' || named === 'tls') return named;
  return uri.scheme === 'sips' ? 'tls' : 'udp';
};

export function createProxy(options: ProxyOptions): Proxy {
  const { links, bindings, isMine } = options;

  function liveLink(uri: string): Link | undefined {
    const link = bindings.find(uri)?.link;
    return link?.broken === true ? undefined : link;
  }

  /** A next hop named by a URI: over the flow of its binding, else straight to it. */
  function toward(target: string, uri: string): Next | number {
    const parsed = readSipUri(target);
    if (parsed === undefined || parsed.scheme === 'tel') return 416;
    const link = liveLink(target);
    return link === undefined ? { uri, at: endpointOf(parsed), protocol: protocolOf(parsed) } : { uri, link };
  }

  /** @source RFC 3261 sections 16.4 to 16.6 */
  function next(request: SipRequest, routes: readonly string[]): Next | number {
    const route = routes[0];
    if (route !== undefined) return toward(readNameAddr(route)?.uri ?? '', request.uri);
    const uri = readSipUri(request.uri);
    if (uri === undefined) return 416;
    if (!isMine(uri)) return toward(request.uri, request.uri);
    const binding = bindings.list(uri.user)[0];
    if (binding !== undefined) return toward(binding.contact, binding.contact);
    const place = options.attached(uri.user);
    return place ?? 480;
  }

  function ownRoute(route: string): boolean {
    const uri = readSipUri(readNameAddr(route)?.uri ?? '');
    return (
      uri !== undefined &&
      uri.user === '' &&
      links.listening.some(({ host, port }) => host === uri.host && port === (uri.port ?? 5060))
    );
  }

  function pass(request: SipRequest, inbound: Inbound, from: Link, to: Link, uri: string, routes: readonly string[]): void {
    const { branch, host, port } = request.via;
    const here = formatEndpoint(to.listening);
    const own = `z9hG4bK${digest(`${branch}|${host}|${port}|${request.callId}|${here}`)}`;
    const recorded = options.recordsRoute() && forming.has(request.method);
    const bytes = passRequest(request, inbound.remote, {
      uri,
      routes,
      via: `SIP/2.0/${to.protocol.toUpperCase()} ${here};branch=${own};${linkParam}=${from.index}`,
      recordRoute: recorded ? `<sip:${formatEndpoint(from.listening)};lr>` : undefined,
      maxForwards: hopsLeft(request) - 1,
    });
    links.send(to, bytes);
  }

  const hopsLeft = (request: SipRequest): number => Number(request.header('Max-Forwards') ?? 70);

  return {
    request(request, inbound, link) {
      if (!(hopsLeft(request) > 0)) return options.refuse(request, inbound, link, 483);
      const routes = request.headers('Route');
      const left = routes[0] !== undefined && ownRoute(routes[0]) ? routes.slice(1) : routes;
      const hop = next(request, left);
      if (typeof hop === 'number') return options.refuse(request, inbound, link, hop);
      if ('link' in hop) return pass(request, inbound, link, hop.link, hop.uri, left);
      links.open(hop.at, hop.protocol).then(
        (opened) => pass(request, inbound, link, opened, hop.uri, left),
        () => options.refuse(request, inbound, link, 503),
      );
    },
    response(response) {
      const { host, port, params } = response.via;
      const mine = links.listening.some((each) => each.host === host && each.port === (port ?? 5060));
      const back = links.byIndex(Number(params.get(linkParam)));
      if (!mine || back === undefined || readVia(response.headers('Via')[1] ?? '') === undefined) return false;
      links.send(back, passResponse(response));
      return true;
    },
  };
}
