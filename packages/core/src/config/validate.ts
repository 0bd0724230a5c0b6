import { type Finding, type FindingCode, type Severity, showValue } from './finding.ts';
import { configuredHop, formatHop, hopField } from './hop.ts';
import { defaultExt, type ExtConfig, type LineConfig } from './line.ts';
import { hasRankedList, lineMode, sameServer, staticList } from './mode.ts';
import { parseRscTemplate } from './rsc.ts';
import { parseServer, parseServerList } from './server.ts';
import { validatePhone } from './validate-phone.ts';

/**
 * The validation matrix: findings and the repaired value. `offhook check` fails on errors, a running phone repairs and marks the line
 * degraded, `strict` refuses. What mechanisms claim is judged by the policy registry, not here.
 * @source redundancy reference section 3.11
 */
export interface LineVerdict {
  /** Repaired as the matrix says. */
  readonly line: LineConfig;
  /** `path` is the parameter's key, or `phone.<key>` for shared values. */
  readonly findings: readonly Finding[];
}

interface Outcome {
  readonly findings: readonly Finding[];
  readonly patch?: Partial<ExtConfig>;
}

type Rule = (line: LineConfig) => Outcome;
type Words = Pick<Finding, 'allowed' | 'message' | 'remedy'>;

const fine: Outcome = { findings: [] };

function about(line: LineConfig, key: keyof ExtConfig, severity: Severity, code: FindingCode, words: Words): Finding {
  const value = line.ext[key];
  const seen = typeof value === 'boolean' ? (value ? 'Yes' : 'No') : showValue(String(value));
  return { severity, code, line: line.id, path: key, seen, ...words };
}

const found = (line: LineConfig, key: keyof ExtConfig, severity: Severity, code: FindingCode, words: Words): Outcome => ({
  findings: [about(line, key, severity, code, words)],
});

/** Switches of adapter profiles and the deprecated `BT`: they only say how another field is to be read (D-17, D-32). */
const switchesApply: Rule = ({ ext, phone }) => {
  const patch: { -readonly [Key in keyof ExtConfig]?: ExtConfig[Key] } = {};
  if (!ext.useOutboundProxy && ext.outboundProxy !== '') patch.outboundProxy = '';
  if (!ext.useAuthId && ext.authId !== '') patch.authId = '';
  if (!ext.autoRegisterWhenFailover && parseRscTemplate(phone.tryBackupRsc).reRegisters) patch.autoRegisterWhenFailover = true;
  return { findings: [], patch };
};

const serverKeys = ['proxy', 'outboundProxy', 'alternateProxy', 'alternateOutboundProxy', 'survivabilityProxy'] as const;

const serversParse: readonly Rule[] = serverKeys.map((key) => (line) => {
  const text = line.ext[key];
  if (text === '' || (key === 'survivabilityProxy' ? parseServerList(text) : parseServer(text)) !== undefined) return fine;
  const allowed = 'host[:port][;transport=udp|tcp|tls], an IPv6 address in brackets, or a static list';
  const words = { allowed, message: 'This is no server address; it is left out.', remedy: 'Correct the host name or port.' };
  return { ...found(line, key, 'error', 'server.invalid', words), patch: { [key]: '' } };
});

/** `user@host`, with or without a scheme; the macros stand for what is readable. */
const isMailbox = (text: string): boolean =>
  parseServer(
    text
      .replace(/^sips?:/i, '')
      .replace('$PROXY', 'proxy')
      .replace(/^[^\s<>"@]+@/, ''),
  ) !== undefined;

/** A request goes there, or none at all. */
const placesParse: Rule = (line) => {
  const { voiceMailServer, natKeepAliveDest } = line.ext;
  if (voiceMailServer !== '' && !isMailbox(voiceMailServer)) {
    const words = {
      allowed: 'host[:port], user@host[:port] or a SIP URI',
      message: 'This is no address; the line does not subscribe to messages waiting.',
      remedy: 'Correct Voice Mail Server, or leave it empty.',
    };
    return { ...found(line, 'voiceMailServer', 'error', 'server.invalid', words), patch: { voiceMailServer: '' } };
  }
  if (['', '$PROXY'].includes(natKeepAliveDest) || parseServer(natKeepAliveDest) !== undefined) return fine;
  const words = {
    allowed: '$PROXY or host[:port]',
    message: 'This is no address; keepalives go to the server in use.',
    remedy: 'Set NAT Keep Alive Dest to $PROXY.',
  };
  return { ...found(line, 'natKeepAliveDest', 'error', 'server.invalid', words), patch: { natKeepAliveDest: '$PROXY' } };
};

const expiresIsSensible: Rule = (line) => {
  const { registerExpires } = line.ext;
  if (registerExpires < 1) {
    const words = {
      allowed: '1-2147483647',
      message: 'Register Expires must not be 0; 3600 is used.',
      remedy: 'Set Register Expires to 3600.',
    };
    return {
      ...found(line, 'registerExpires', 'error', 'reg.expires-zero', words),
      patch: { registerExpires: defaultExt().registerExpires },
    };
  }
  if (registerExpires >= 32 && registerExpires <= 2_000_000) return fine;
  const words = {
    allowed: '32-2000000',
    message: 'Register Expires lies outside the usual range; it is used as it is (C-08).',
    remedy: 'Check the value with the registrar.',
  };
  return found(line, 'registerExpires', 'warning', 'reg.expires-range', words);
};

const lineIsReachable: Rule = (line) => {
  const { ext } = line;
  if (ext.userId === '') {
    return found(line, 'userId', 'info', 'line.no-user', {
      allowed: 'a user',
      message: 'Without User ID the line is disabled.',
      remedy: 'Set User ID.',
    });
  }
  if (configuredHop(ext, 'primary') === undefined) {
    const words = {
      allowed: 'a server',
      message: 'Proxy and Outbound Proxy are empty; the line is disabled.',
      remedy: 'Set Proxy.',
    };
    return found(line, 'proxy', ext.dualRegistration ? 'error' : 'warning', 'line.no-proxy', words);
  }
  if (!ext.register || ext.proxy !== '') return fine;
  const words = {
    allowed: 'a server',
    message: 'Without Proxy the line does not register.',
    remedy: 'Set Proxy to the registrar, or Register to No.',
  };
  return found(line, 'proxy', 'warning', 'line.not-registering', words);
};

const dualHasItsServers: Rule = (line) => {
  const { ext } = line;
  const alternate = configuredHop(ext, 'alternate');
  if (!ext.dualRegistration) {
    if (alternate === undefined) return fine;
    const words = {
      allowed: '',
      message: 'The alternate is not used while Dual Registration is No.',
      remedy: 'Set Dual Registration to Yes to use it.',
    };
    return found(line, hopField(ext, 'alternate'), 'info', 'dual.alternate-ignored', words);
  }
  if (alternate === undefined) {
    const words = {
      allowed: 'a server',
      message: 'Dual Registration is Yes but there is no alternate; the line registers once.',
      remedy: 'Set Alternate Proxy.',
    };
    return found(line, 'alternateProxy', 'warning', 'dual.no-alternate', words);
  }
  if (!sameServer(line)) return fine;
  const message = `Primary and alternate are the same server (${formatHop(alternate)}); the line registers once (D-36).`;
  const words = {
    allowed: 'another host, port or transport',
    message,
    remedy: 'Point Alternate Proxy to another server, or set Dual Registration to No.',
  };
  return found(line, hopField(ext, 'alternate'), 'error', 'dual.same-server', words);
};

const dualRunsOverUdp: Rule = (line) => {
  if (!line.ext.dualRegistration || line.ext.sipTransport === 'UDP') return fine;
  const words = {
    allowed: 'UDP',
    message: 'The guides limit Dual Registration to UDP; it runs over this transport all the same (D-12).',
    remedy: '',
  };
  return found(line, 'sipTransport', 'warning', 'dual.transport', words);
};

/** A static list has one rank, or the configuration asks for a return by itself: every plain server has the factory interval. */
const fallbackHasRanks: Rule = (line) => {
  const { ext, written } = line;
  const mode = lineMode(line);
  const resolvedLater = ext.useDnsSrv || ext.sipTransport === 'AUTO' || ext.survivabilityProxy !== '';
  if (mode === 'disabled' || mode === 'dual' || ext.proxyFallbackIntvl === 0 || resolvedLater) return fine;
  if (hasRankedList(line)) return fine;
  const list = staticList(line);
  const isPlain = list.length < 2 && (list[0]?.addresses.length ?? 0) < 2;
  if (isPlain && written?.has('proxyFallbackIntvl') === false) return fine;
  const words = {
    allowed: '0, or ranked servers',
    message: 'All servers have one rank; no fallback will happen.',
    remedy: 'Nothing to do, unless servers were meant to be ranked.',
  };
  return found(line, 'proxyFallbackIntvl', 'info', 'fallback.no-rank', words);
};

const autoReRegisters: Rule = (line) => {
  if (line.ext.sipTransport !== 'AUTO' || line.ext.autoRegisterWhenFailover) return fine;
  const words = {
    allowed: 'Yes',
    message: 'With transport AUTO the guides recommend Auto Register When Failover = Yes.',
    remedy: 'Set Auto Register When Failover to Yes.',
  };
  return found(line, 'autoRegisterWhenFailover', 'warning', 'auto.ar', words);
};

/** In this order: later rules judge what earlier ones repaired. */
const rules: readonly Rule[] = [
  switchesApply,
  ...serversParse,
  placesParse,
  expiresIsSensible,
  lineIsReachable,
  dualHasItsServers,
  dualRunsOverUdp,
  fallbackHasRanks,
  autoReRegisters,
];

/** Judges Voice > Ext(n) alone; the phone is taken as it is. */
export function validateExt(line: LineConfig): LineVerdict {
  let repaired = line;
  const findings: Finding[] = [];
  for (const rule of rules) {
    const outcome = rule(repaired);
    findings.push(...outcome.findings);
    if (outcome.patch !== undefined && Object.keys(outcome.patch).length > 0) {
      repaired = { ...repaired, ext: Object.freeze({ ...repaired.ext, ...outcome.patch }) };
    }
  }
  return { line: repaired, findings };
}

/** Judges a line and its phone. The repaired line carries the findings. */
export function validateLine(line: LineConfig): LineVerdict {
  const shared = validatePhone(line.phone);
  const verdict = validateExt({ ...line, phone: shared.phone });
  const findings = [...shared.findings, ...verdict.findings];
  return { line: Object.freeze({ ...verdict.line, findings }), findings };
}
