import {
  type Advice,
  configuredHop,
  hasRankedList,
  isIpLiteral,
  knownMechanisms,
  type LineConfig,
  type MechanismManifest,
  staticList,
} from '@offhook/core';

/**
 * What BroadWorks expects of an access device, and what of a line's configuration goes against it. Documented and decided parts are told
 * apart in docs/broadsoft.md.
 * @source redundancy reference section 7
 */

const name = 'broadsoft';

const guide = 'administration guide, Technical Details';
const ecg = 'Polycom and Adtran AOS Geo-Redundancy Support, ECG';

/** More than one rank is known, or DNS will say so; a port or a literal skips NAPTR and SRV (RFC 3263). */
function isRanked(line: LineConfig): boolean {
  const { ext } = line;
  if (staticList(line).length > 0) return hasRankedList(line);
  const hop = configuredHop(ext, 'primary');
  return (ext.useDnsSrv || ext.sipTransport === 'AUTO') && hop !== undefined && !hop.explicitPort && !isIpLiteral(hop.host);
}

interface Rule {
  readonly isBroken: (line: LineConfig) => boolean;
  readonly advice: Advice;
}

/** The settings that the mechanism is described with: Use DNS SRV = Yes or AUTO, Proxy Fallback Intvl above 0, Register = Yes. */
const rules: readonly Rule[] = [
  {
    isBroken: ({ ext }) => !ext.register,
    advice: {
      severity: 'warning',
      parameter: 'register',
      allowed: 'Yes',
      message: `BroadWorks reaches a device by its one registered contact (${ecg}); without a registration nothing moves along the servers but requests.`,
      remedy: 'Set Register to Yes.',
    },
  },
  {
    isBroken: (line) => !isRanked(line),
    advice: {
      severity: 'warning',
      parameter: 'proxy',
      allowed: 'a name with NAPTR or SRV records, or a static SRV list of more than one server',
      message: `All servers have one rank: the line fails over among them, if there is more than one, and never returns (${guide}: fallback needs ranked servers).`,
      remedy: 'Set Use DNS SRV to Yes, SIP Transport to AUTO, or write a static SRV list.',
    },
  },
  {
    isBroken: ({ ext }) => ext.proxyFallbackIntvl === 0,
    advice: {
      severity: 'warning',
      parameter: 'proxyFallbackIntvl',
      allowed: '1-65535',
      message: `With Proxy Fallback Intvl 0 the line stays on a secondary that works and never returns to the primary (${guide}: SIP proxy failover and recovery; D-09).`,
      remedy: 'Set Proxy Fallback Intvl above 0.',
    },
  },
  {
    isBroken: ({ ext }) => !ext.xResubscribeOnMove,
    advice: {
      severity: 'warning',
      parameter: 'xResubscribeOnMove',
      allowed: 'Yes',
      message: `BroadWorks does not move subscriptions with a registration (${ecg}): until they expire, lamps and message counts stand still.`,
      remedy: 'Set X Resubscribe On Move to Yes.',
    },
  },
];

function known(): MechanismManifest {
  const found = knownMechanisms.find((each) => each.name === name);
  if (found === undefined) throw new Error(`core knows no mechanism ${name}`);
  const { available: _available, ...claims } = found;
  return claims;
}

/** Claims and exclusions are those that core announces, so that a clash is refused even where this plugin is not loaded. */
export const manifest: MechanismManifest = Object.freeze<MechanismManifest>({
  ...known(),
  // The binding follows the route: one contact, re-registered on every failover and on recovery.
  forces: Object.freeze({ autoRegisterWhenFailover: true }),
  advise: (line) => rules.filter(({ isBroken }) => isBroken(line)).map(({ advice }) => advice),
});
