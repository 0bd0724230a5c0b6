import type { ExtConfig, LineConfig } from '../config/line.ts';
import { lineMode, staticList } from '../config/mode.ts';
import type { Aspect, Claim, MechanismManifest, Relation } from '../contracts/mechanism.ts';

/**
 * Manifests of the mechanisms that the manuals describe, as data: what each would rule on a line, and on which sentence that rests.
 * @source redundancy reference sections 3.11, 5.1, 5.7, 6.4, 7; D-11
 */

const names = { dual: 'dual-registration', list: 'ranked-list', srv: 'dns-srv', broadsoft: 'broadsoft' } as const;

type Parameter = NonNullable<Claim['parameter']>;

function claimsOf(aspects: readonly Aspect[], parameter: Parameter, because: string, remedy: string): readonly Claim[] {
  return aspects.map((aspect) => ({ aspect, hold: 'exclusive', because, remedy, parameter }));
}

/** A return can happen only where there is an interval for it (5.7). */
const returns = (ext: ExtConfig): boolean => ext.proxyFallbackIntvl !== 0;

const dualSentence =
  'Dual Registration keeps both registrations itself and cannot be combined with other fallback or recovery mechanisms such as DNS SRV recovery or Broadsoft (8800 administration guide p. 54, SIP and NAT Configuration)';
const dualRemedy = 'Set Dual Registration to No to let another mechanism rule the line.';

const dualRegistration: MechanismManifest = Object.freeze({
  name: names.dual,
  kind: 'mechanism',
  api: 1,
  title: 'Dual Registration',
  // A phone in the field must still work: what is already safe to run stays.
  holds: true,
  claims: (line: LineConfig): readonly Claim[] =>
    lineMode(line) === 'dual'
      ? claimsOf(['bindings', 'route', 'recovery', 'subscriptions'], 'dualRegistration', dualSentence, dualRemedy)
      : [],
});

const recoverySentence =
  'With Proxy Fallback Intvl above 0 a line returns to a better ranked server by itself (administration guide, Technical Details: SIP proxy failover and recovery)';
const recoveryRemedy = 'Set Proxy Fallback Intvl to 0; the list then only locates a server.';

/** A list that beside Dual Registration only locates servers: it rules nothing but the return. */
function listClaims(
  line: LineConfig,
  name: string,
  implied: boolean,
  parameter: Parameter,
  because: string,
  remedy: string,
): readonly Claim[] {
  const { ext } = line;
  const asked = ext.xMechanism === name;
  const dual = lineMode(line) === 'dual';
  const rules = asked || (implied && !dual && ext.xMechanism === 'auto');
  const recovers = returns(ext) && (rules || (implied && dual));
  return [
    ...(rules
      ? claimsOf(['bindings', 'route'], asked ? 'xMechanism' : parameter, because, asked ? 'Set X Mechanism to auto.' : remedy)
      : []),
    ...(recovers ? claimsOf(['recovery'], asked && !implied ? 'xMechanism' : parameter, recoverySentence, recoveryRemedy) : []),
  ];
}

/** Servers found by DNS; a static list takes the place of its answer (5.2). */
const isFoundByDns = (line: LineConfig): boolean =>
  (line.ext.useDnsSrv || line.ext.sipTransport === 'AUTO') && staticList(line).length === 0;

/** It takes its ranked servers from DNS or from a static list, so they go together. */
const rankedByDns = {
  because: 'A BroadWorks device finds its ranked servers by NAPTR, SRV or A (Polycom and Adtran AOS Geo-Redundancy Support, ECG)',
  remedy: '',
};

const rankedList: MechanismManifest = Object.freeze({
  name: names.list,
  kind: 'mechanism',
  api: 1,
  title: 'Ranked server list',
  claims: (line: LineConfig): readonly Claim[] => {
    const because =
      'A static server list inside Proxy is one registration that moves along the list (administration guide, SIP and Ext parameter tables)';
    // Below servers that DNS ranks, the gateways are the last part of that list.
    const ranked = staticList(line).length > 1 || (line.ext.survivabilityProxy !== '' && !isFoundByDns(line));
    return listClaims(
      line,
      names.list,
      ranked,
      line.ext.outboundProxy === '' ? 'proxy' : 'outboundProxy',
      because,
      'Write a single server.',
    );
  },
  complements: [{ ...rankedByDns, mechanism: names.broadsoft }],
});

const dnsSrv: MechanismManifest = Object.freeze({
  name: names.srv,
  kind: 'mechanism',
  api: 1,
  title: 'DNS SRV failover and recovery',
  claims: (line: LineConfig): readonly Claim[] => {
    const { ext } = line;
    const because =
      'Servers found by NAPTR or SRV are one registration that moves along the ranked answer (administration guide, Technical Details; RFC 3263)';
    const remedy = ext.useDnsSrv ? 'Set Use DNS SRV to No.' : 'Set SIP Transport to UDP, TCP or TLS.';
    return listClaims(line, names.srv, isFoundByDns(line), ext.useDnsSrv ? 'useDnsSrv' : 'sipTransport', because, remedy);
  },
  complements: [{ ...rankedByDns, mechanism: names.broadsoft }],
});

const notBesideDual: Relation = {
  mechanism: names.dual,
  because:
    'The guide forbids Dual Registration together with the Broadsoft mechanism (8800 administration guide p. 54, SIP and NAT Configuration)',
  remedy: 'Set X Mechanism to auto.',
};

const broadsoft: MechanismManifest = Object.freeze({
  name: names.broadsoft,
  kind: 'mechanism',
  api: 1,
  title: 'BroadWorks access-device redundancy',
  available: false,
  claims: (line: LineConfig): readonly Claim[] => {
    if (line.ext.xMechanism !== names.broadsoft) return [];
    const because =
      'BroadWorks knows one contact per address-of-record, and the device itself moves its registration and its subscriptions (Polycom and Adtran AOS Geo-Redundancy Support, ECG)';
    const aspects: readonly Aspect[] = [
      'bindings',
      'route',
      ...(returns(line.ext) ? (['recovery'] as const) : []),
      'subscriptions',
    ];
    return claimsOf(aspects, 'xMechanism', because, 'Set X Mechanism to auto.');
  },
  excludes: [notBesideDual],
  complements: [names.srv, names.list].map((mechanism) => ({ ...rankedByDns, mechanism })),
});

/** Built in and announced mechanisms, sorted by name. */
export const knownMechanisms: readonly MechanismManifest[] = Object.freeze([broadsoft, dnsSrv, dualRegistration, rankedList]);
