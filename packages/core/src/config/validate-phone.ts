import type { Finding, FindingCode, Severity } from './finding.ts';
import { type PhoneConfig, phoneConfig } from './line.ts';
import { parseRscTemplate } from './rsc.ts';

/**
 * The rows of the validation matrix about values that all lines of a phone share.
 * @source redundancy reference section 3.11
 */
export interface PhoneVerdict {
  /** Repaired as the matrix says; the very object that came in when nothing was wrong. */
  readonly phone: PhoneConfig;
  readonly findings: readonly Finding[];
}

interface Outcome {
  readonly findings: readonly Finding[];
  readonly patch?: Partial<PhoneConfig>;
}

type Rule = (phone: PhoneConfig) => Outcome;

const factory = phoneConfig();
const fine: Outcome = { findings: [] };

function about(
  phone: PhoneConfig,
  key: keyof PhoneConfig,
  severity: Severity,
  code: FindingCode,
  rest: Pick<Finding, 'allowed' | 'message' | 'remedy'>,
): Finding {
  return { severity, code, path: `phone.${key}`, seen: String(phone[key]), ...rest };
}

const retryIntervalIsSet: Rule = (phone) => {
  if (phone.regRetryIntvl >= 1) return fine;
  const rest = {
    allowed: '1-2147483647',
    message: 'Reg Retry Intvl must not be 0; 30 is used.',
    remedy: 'Set Reg Retry Intvl to 30 or more.',
  };
  return {
    findings: [about(phone, 'regRetryIntvl', 'error', 'reg.retry-zero', rest)],
    patch: { regRetryIntvl: factory.regRetryIntvl },
  };
};

const longIntervalIsLonger: Rule = (phone) => {
  const { regRetryIntvl, regRetryLongIntvl } = phone;
  if (regRetryLongIntvl === 0 || regRetryLongIntvl >= 2 * regRetryIntvl) return fine;
  const allowed = `0, or ${2 * regRetryIntvl} and more`;
  const rest = {
    allowed,
    message: 'Reg Retry Long Intvl should be much longer than Reg Retry Intvl.',
    remedy: `Set Reg Retry Long Intvl to ${2 * regRetryIntvl} or more.`,
  };
  return { findings: [about(phone, 'regRetryLongIntvl', 'warning', 'reg.long-too-short', rest)] };
};

const capReachesInterval: Rule = (phone) => {
  const { regRetryIntvl, regRetryIntvlCap } = phone;
  if (regRetryIntvlCap === 0 || regRetryIntvlCap >= regRetryIntvl) return fine;
  const message = `Reg Retry Intvl Cap lies below Reg Retry Intvl; ${regRetryIntvl} is used.`;
  const rest = { allowed: `0, or ${regRetryIntvl} and more`, message, remedy: 'Raise the cap, or set it to 0 for no back-off.' };
  return {
    findings: [about(phone, 'regRetryIntvlCap', 'warning', 'reg.cap-below-interval', rest)],
    patch: { regRetryIntvlCap: regRetryIntvl },
  };
};

const expiryClampHasRoom: Rule = (phone) => {
  const { regMinExpires, regMaxExpires } = phone;
  if (regMinExpires <= regMaxExpires) return fine;
  const message = `Reg Min Expires lies above Reg Max Expires (${regMaxExpires}); ${factory.regMinExpires} and ${factory.regMaxExpires} are used.`;
  const rest = {
    allowed: `at most Reg Max Expires (${regMaxExpires})`,
    message,
    remedy: 'Set Reg Min Expires below Reg Max Expires.',
  };
  const patch = { regMinExpires: factory.regMinExpires, regMaxExpires: factory.regMaxExpires };
  return { findings: [about(phone, 'regMinExpires', 'error', 'reg.expires-clamp', rest)], patch };
};

/** Zero would retransmit without a pause (T1, T2) or fail every request at once (B, F, H). */
const timersRun: readonly Rule[] = (['sipT1', 'sipT2', 'sipTimerB', 'sipTimerF', 'sipTimerH'] as const).map((key) => (phone) => {
  if (phone[key] > 0) return fine;
  const rest = {
    allowed: 'above 0, at most 64',
    message: `A timer of 0 cannot work; ${factory[key]} is used.`,
    remedy: `Set it to ${factory[key]}.`,
  };
  return { findings: [about(phone, key, 'error', 'timer.zero', rest)], patch: { [key]: factory[key] } };
});

const templatesParse: readonly Rule[] = (['tryBackupRsc', 'retryRegRsc'] as const).map((key) => (phone) => {
  const { patterns, reRegisters, findings } = parseRscTemplate(phone[key]);
  const located = findings.map((finding) => ({ ...finding, path: `phone.${key}` }));
  if (!located.some((finding) => finding.severity === 'error')) return { findings: located };
  return { findings: located, patch: { [key]: [...(reRegisters ? ['BT'] : []), ...patterns].join(',') } };
});

const rules: readonly Rule[] = [
  retryIntervalIsSet,
  longIntervalIsLonger,
  capReachesInterval,
  expiryClampHasRoom,
  ...timersRun,
  ...templatesParse,
];

const judged = new WeakMap<PhoneConfig, PhoneVerdict>();

/** Pure; remembers the verdict of an object, so that thousands of lines share one repaired phone. */
export function validatePhone(phone: PhoneConfig): PhoneVerdict {
  const known = judged.get(phone);
  if (known !== undefined) return known;
  let repaired = phone;
  const findings: Finding[] = [];
  for (const rule of rules) {
    const outcome = rule(repaired);
    findings.push(...outcome.findings);
    if (outcome.patch !== undefined) repaired = Object.freeze({ ...repaired, ...outcome.patch });
  }
  const verdict = { phone: repaired, findings };
  judged.set(phone, verdict);
  return verdict;
}
