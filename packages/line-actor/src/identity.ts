import {
  type Candidate,
  formatHop,
  hopOf,
  hopParameters,
  type Leg,
  type LineConfig,
  type NextHop,
  type OpenTarget,
  registrarDomain,
  sharedBy,
} from '@offhook/core';

/** Who the line is towards each server, computed once from its configuration. */
export interface Identity {
  readonly user: string;
  /** The primary's registrar domain. */
  readonly domain: string;
  /** Quoted, or empty. */
  readonly displayName: string;
  readonly authUser: string;
  readonly password: string;
  readonly userAgent: string;
  readonly registerUserAgent: string;
  readonly maxForwards: number;
  readonly legs: Readonly<Partial<Record<Leg, LegIdentity>>>;
}

export interface LegIdentity {
  readonly leg: Leg;
  /** First hop of every outbound request of the leg. */
  readonly target: OpenTarget;
  /** `host:port;transport`, as decisions show it. */
  readonly server: string;
  /** Host of Request-URI and To (D-07). */
  readonly domain: string;
  /** Preloaded Route of an outbound proxy (RFC 3261 section 8.1.2). */
  readonly routes: readonly string[];
}

const quoted = (text: string): string =>
  text === '' ? '' : `"${text.replaceAll(/[\r\n\0]/g, ' ').replaceAll(/["\\]/g, '\\$&')}"`;
/** `host:port` of a Contact of ours. */
export const hostPortOf = (contact: string): string => contact.slice(contact.lastIndexOf('@') + 1).split(';')[0] ?? '';

const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host);

/** What a TLS server has to prove. */
function serverIdentity({ host, protocol, serverName }: NextHop, { ext }: LineConfig): Partial<OpenTarget> {
  if (protocol !== 'tls') return {};
  return { validateName: ext.tlsNameValidate, ...(serverName === host ? {} : { serverName }) };
}

/** `hopOf` names the outbound proxy where there is one: it then goes into a Route as well. */
function legIdentity(config: LineConfig, leg: Leg): LegIdentity | undefined {
  const hop = hopOf(config, leg);
  if (hop === undefined) return undefined;
  const { host, port, protocol, outbound } = hop;
  const hostPort = `${bracketed(host)}:${port}`;
  const transport = protocol === 'udp' ? '' : `;transport=${protocol}`;
  return {
    leg,
    target: { host, port, protocol, ...serverIdentity(hop, config) },
    server: formatHop(hop),
    domain: bracketed(registrarDomain(config, leg)),
    routes: outbound ? [`<sip:${hostPort}${transport};lr>`] : [],
  };
}

const entries = new WeakMap<Candidate, LegIdentity>();

/** The same towards one server of a ranked list: lines that share the list share it too. */
export function listIdentity(config: LineConfig, candidate: Candidate): LegIdentity {
  const known = entries.get(candidate);
  if (known !== undefined) return known;
  const { host, port, protocol, name, serverName } = candidate;
  const hop = hopOf(config, 'primary');
  const transport = protocol === 'udp' ? '' : `;transport=${protocol}`;
  const proof = protocol === 'tls' ? { serverName, validateName: config.ext.tlsNameValidate } : {};
  const identity: LegIdentity = {
    leg: 'primary',
    target: { host, port, protocol, ...proof },
    server: formatHop(candidate),
    domain: bracketed(registrarDomain(config, 'primary')),
    routes: hop?.outbound === true ? [`<sip:${bracketed(name)}:${port}${transport};lr>`] : [],
  };
  entries.set(candidate, identity);
  return identity;
}

const legIdentities = sharedBy([...hopParameters, 'tlsNameValidate'], (config, legs: readonly Leg[]): Identity['legs'] =>
  Object.fromEntries(
    legs.flatMap((leg) => {
      const found = legIdentity(config, leg);
      return found === undefined ? [] : [[leg, found] as const];
    }),
  ),
);
const primaryDomain = sharedBy(hopParameters, (config) => bracketed(registrarDomain(config, 'primary')));

export function identityOf(config: LineConfig, legs: readonly Leg[]): Identity {
  const { ext, phone } = config;
  return {
    user: ext.userId,
    domain: primaryDomain(config),
    displayName: quoted(ext.displayName),
    authUser: ext.authId === '' ? ext.userId : ext.authId,
    password: ext.password,
    userAgent: phone.sipUserAgentName,
    registerUserAgent: phone.sipRegUserAgentName === '' ? phone.sipUserAgentName : phone.sipRegUserAgentName,
    maxForwards: phone.maxForward,
    legs: legIdentities(config, legs),
  };
}
