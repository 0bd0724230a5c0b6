import { parameterByKey } from '../config/catalogue.ts';
import type { Finding, FindingCode, Severity, SourcePosition } from '../config/finding.ts';
import { showValue } from '../config/finding.ts';
import type { LineConfig } from '../config/line.ts';
import { didYouMean } from '../config/suggest.ts';
import type { Claim, MechanismManifest } from '../contracts/mechanism.ts';
import { ConfigError, PolicyConflictError } from '../errors.ts';
import { type Admission, admit, type Conflict, type ConflictSide } from './registry.ts';

/** What rules a line, what was refused, and the words for it. */
export interface PolicyVerdict {
  readonly admission: Admission;
  /** The enabled mechanism that says where requests go; undefined: the line runs `single`. */
  readonly mechanism: MechanismManifest | undefined;
  readonly findings: readonly Finding[];
}

/** The value of X Mechanism that leaves the choice to the line's other parameters. */
export const autoMechanism = 'auto';

type Parameter = NonNullable<Claim['parameter']>;

function finding(
  line: LineConfig,
  severity: Severity,
  code: FindingCode,
  path: Parameter,
  words: Pick<Finding, 'allowed' | 'message' | 'remedy'>,
): Finding {
  const value = line.ext[path];
  return {
    severity,
    code,
    line: line.id,
    path,
    seen: typeof value === 'boolean' ? (value ? 'Yes' : 'No') : showValue(value),
    ...words,
  };
}

const joined = (words: readonly string[]): string => words.join(', ').replace(/, ([^,]*)$/, ' and $1');
const distinct = (texts: readonly string[]): readonly string[] => [...new Set(texts.filter((text) => text !== ''))];
const named = ({ title, mechanism }: ConflictSide): string => (title === mechanism ? mechanism : `${title} (${mechanism})`);

/** All clashes of one pair in one finding: both names, the aspects, the sentences, the remedies. */
function pairFinding(line: LineConfig, conflicts: readonly Conflict[], refused: ReadonlySet<string>): Finding {
  const sides = conflicts.flatMap((conflict) => [...conflict.sides]);
  const pair = conflicts[0]?.sides ?? [];
  const losers = pair.filter(({ mechanism }) => refused.has(mechanism));
  const claimed = joined(conflicts.flatMap(({ aspect }) => aspect ?? []));
  const needs = conflicts.some(({ kind }) => kind === 'requires');
  const clash =
    claimed === ''
      ? needs
        ? 'one needs the other, which is not enabled'
        : 'they exclude each other'
      : `both would rule ${claimed}`;
  const staying = pair.find(({ mechanism }) => !refused.has(mechanism));
  const outcome = `${joined(losers.map(named))} ${losers.length > 1 ? 'are' : 'is'} not enabled${staying === undefined || needs ? '' : `, ${named(staying)} stays in force`}`;
  const because = distinct(sides.map((side) => side.because));
  const message = `${joined(pair.map(named))} cannot rule one line together: ${clash}; ${outcome}. ${because.map((text) => `${text}.`).join(' ')}`;
  const remedy = distinct(
    [...losers, ...pair].flatMap((loser) =>
      sides.filter((side) => side.mechanism === loser.mechanism).map((side) => side.remedy),
    ),
  ).join(' Or: ');
  const path = losers.find((loser) => loser.parameter !== undefined)?.parameter ?? 'xMechanism';
  return finding(line, 'error', 'policy.conflict', path, {
    allowed: 'mechanisms that do not clash',
    message: message.trim(),
    remedy,
  });
}

function conflictFindings(line: LineConfig, { conflicts, refused }: Admission): readonly Finding[] {
  const losers = new Set(refused.map(({ manifest }) => manifest.name));
  const pairs = new Map<string, Conflict[]>();
  for (const conflict of conflicts) {
    const pair = conflict.sides.map(({ mechanism }) => mechanism).join(' ');
    pairs.set(pair, [...(pairs.get(pair) ?? []), conflict]);
  }
  return [...pairs.values()].map((group) => pairFinding(line, group, losers));
}

/** X Mechanism names something that is not there, or that has nothing to do on this line. */
function askedFindings(line: LineConfig, manifests: readonly MechanismManifest[], admission: Admission): readonly Finding[] {
  const asked = line.ext.xMechanism;
  if (asked === autoMechanism) return [];
  const names = [autoMechanism, ...manifests.map(({ name }) => name)].sort();
  const allowed = names.join(', ');
  if (!names.includes(asked)) {
    const meant = didYouMean(asked, names);
    const remedy = meant === undefined ? 'Set X Mechanism to auto, or load the plugin that brings it.' : `Did you mean ${meant}?`;
    return [
      finding(line, 'error', 'policy.unknown', 'xMechanism', {
        allowed,
        message: 'No mechanism of this name is loaded.',
        remedy,
      }),
    ];
  }
  const active = [...admission.enabled, ...admission.refused.map(({ manifest }) => manifest)];
  if (active.some(({ name }) => name === asked)) return [];
  const message = 'The mechanism is asked for, but nothing on this line turns it on.';
  return [
    finding(line, 'warning', 'policy.idle', 'xMechanism', {
      allowed,
      message,
      remedy: 'Set the parameters it needs, or X Mechanism to auto.',
    }),
  ];
}

/** Enabled, but nothing implements it: an error where it was asked for by name, else a warning. */
function unavailableFindings(line: LineConfig, { enabled }: Admission): readonly Finding[] {
  const missing = enabled.filter(({ available }) => available === false);
  return missing.map((manifest) => {
    const claim = manifest.claims(line)[0];
    const asked = line.ext.xMechanism === manifest.name;
    const message = `${manifest.title} (${manifest.name}) is not available in this version; the line runs without it.`;
    const words = { allowed: 'an available mechanism', message, remedy: claim?.remedy ?? '' };
    return finding(line, asked ? 'error' : 'warning', 'policy.unavailable', claim?.parameter ?? 'xMechanism', words);
  });
}

/**
 * Judges one line against every loaded mechanism: pure, total, everything at once.
 * @source architecture section 6; redundancy reference section 3.11
 */
export function judgePolicies(line: LineConfig, manifests: readonly MechanismManifest[]): PolicyVerdict {
  const admission = admit(manifests, line);
  const usable = admission.enabled.filter(({ available }) => available !== false);
  return {
    admission,
    mechanism: usable.find((manifest) => manifest.claims(line).some(({ aspect }) => aspect === 'route')),
    findings: [
      ...conflictFindings(line, admission),
      ...askedFindings(line, manifests, admission),
      ...unavailableFindings(line, admission),
      ...usable.flatMap((manifest) => adviceFindings(line, manifest)),
    ],
  };
}

/** Parameters whose value an enabled mechanism sets itself, and what it says of the others. */
function adviceFindings(line: LineConfig, manifest: MechanismManifest): readonly Finding[] {
  const { title, name, forces = {} } = manifest;
  const forced = (Object.keys(forces) as Parameter[]).filter(
    (key) => line.written?.has(key) === true && line.ext[key] !== forces[key],
  );
  return [
    ...forced.map((key) => {
      const works = parameterByKey('ext', key)?.label ?? key;
      const value = forces[key];
      const allowed = typeof value === 'boolean' ? (value ? 'Yes' : 'No') : String(value);
      const message = `${title} (${name}) works with ${works} = ${allowed}, whatever is set here.`;
      const remedy = `Set ${works} to ${allowed}, or leave it out.`;
      return finding(line, 'warning', 'policy.forced', key, { allowed, message, remedy });
    }),
    ...(manifest.advise?.(line) ?? []).map(({ severity, parameter, ...words }) =>
      finding(line, severity, 'policy.advice', parameter, words),
    ),
  ];
}

/** The line as the mechanism that rules it runs it: with the values that it forces. */
export function ruledLine(line: LineConfig, mechanism: MechanismManifest | undefined): LineConfig {
  const forces = mechanism?.forces;
  return forces === undefined ? line : Object.freeze({ ...line, ext: Object.freeze({ ...line.ext, ...forces }) });
}

export type LocateLine = (line: string, key: string) => SourcePosition | undefined;

/** Findings of many lines; what several lines share is said once, with their number, at the place of the first. */
export function findingsOfLines(
  lines: readonly LineConfig[],
  judge: (line: LineConfig) => readonly Finding[],
  locate?: LocateLine,
): readonly Finding[] {
  const groups = new Map<string, { readonly first: Finding; lines: number }>();
  for (const line of lines) {
    for (const first of judge(line)) {
      const key = `${first.code} ${first.path} ${first.seen} ${first.message}`;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, { first, lines: 1 });
      else group.lines++;
    }
  }
  return [...groups.values()].map(({ first, lines: count }) => {
    const at = locate?.(first.line ?? '', first.path);
    return { ...first, ...(count > 1 ? { lines: count } : {}), ...(at === undefined ? {} : { at }) };
  });
}

/** What the policy registry says of many lines. */
export const policyFindings = (
  lines: readonly LineConfig[],
  manifests: readonly MechanismManifest[],
  locate?: LocateLine,
): readonly Finding[] => findingsOfLines(lines, (line) => judgePolicies(line, manifests).findings, locate);

/**
 * Refuses a line whose mechanisms clash or are not available; the strict way of enabling.
 * @throws PolicyConflictError `E_POLICY_CONFLICT`
 * @throws ConfigError `E_POLICY_UNAVAILABLE` (unknown or not built)
 */
export function enforcePolicies(line: LineConfig, manifests: readonly MechanismManifest[]): PolicyVerdict {
  const verdict = judgePolicies(line, manifests);
  const errors = verdict.findings.filter(({ severity }) => severity === 'error');
  if (errors.length === 0) return verdict;
  const message = errors.map((error) => `line ${line.id}: ${error.message} ${error.remedy}`).join('\n');
  if (errors.some(({ code }) => code === 'policy.conflict')) throw new PolicyConflictError(message, { findings: errors });
  throw new ConfigError('E_POLICY_UNAVAILABLE', message, { findings: errors });
}
