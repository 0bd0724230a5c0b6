import {
  ConfigError,
  createPluginRegistry,
  describeFinding,
  type Finding,
  hasErrors,
  judgePolicies,
  knownMechanisms,
  type LineConfig,
  type Mechanism,
  type MechanismManifest,
  PluginError,
  PolicyConflictError,
  policyFindings,
  type RuntimeConfig,
} from '@offhook/core';
import { dualRegistration, type Refusal, rankedList } from '@offhook/line-actor';
import { createDnsSrvMechanism } from '@offhook/plugin-dns-srv';

/** What rules one line, and what the registry refused on it. */
export interface LinePolicy {
  readonly mechanism: Mechanism | undefined;
  readonly refusals: readonly Refusal[];
  /** What is worth knowing and refuses nothing. */
  readonly findings: readonly Finding[];
}

export type JudgeLine = (config: LineConfig) => LinePolicy;

const builtIn: readonly Mechanism[] = [dualRegistration, rankedList, createDnsSrvMechanism()];

/** What lines are judged against: given mechanisms win over built-in and announced ones of the same name. */
export function judgedMechanisms(given: readonly Mechanism[]): readonly MechanismManifest[] {
  const names = new Map(
    [...knownMechanisms, ...[...builtIn, ...given].map(({ manifest }) => manifest)].map((each) => [each.name, each]),
  );
  return [...names.values()];
}

/** @throws PluginError `E_PLUGIN_INVALID`, `E_PLUGIN_DUPLICATE`: every fault of every given mechanism */
function admitGiven(given: readonly Mechanism[]): void {
  const from = (index: number): string => `mechanisms[${index}]`;
  createPluginRegistry().admit(
    given.map((mechanism, index) => ({ plugin: { manifest: mechanism.manifest, create: () => mechanism }, from: from(index) })),
  );
  const faults = given.flatMap(({ manifest, decide }, index) => [
    ...(manifest.kind === 'mechanism' ? [] : [`plugin ${from(index)}: kind is "${manifest.kind}", expected mechanism`]),
    ...(typeof decide === 'function' ? [] : [`plugin ${from(index)}: decide is no function`]),
  ]);
  if (faults.length > 0) throw new PluginError('E_PLUGIN_INVALID', faults.join('\n'));
}

/** Strict: a clash, or a mechanism that is not there, stops the start. */
function enforce(lines: readonly LineConfig[], manifests: readonly MechanismManifest[]): void {
  const findings = policyFindings(lines, manifests).filter(({ severity }) => severity === 'error');
  if (!hasErrors(findings)) return;
  const message = findings.map(describeFinding).join('\n');
  if (findings.some(({ code }) => code === 'policy.conflict')) throw new PolicyConflictError(message, { findings });
  throw new ConfigError('E_POLICY_UNAVAILABLE', message, { findings });
}

/**
 * The policy registry of one runtime: given mechanisms win over built-in and announced ones of the same name, and each line is judged
 * against all of them.
 * @throws PluginError `E_PLUGIN_INVALID`, `E_PLUGIN_DUPLICATE`
 * @throws PolicyConflictError `E_POLICY_CONFLICT`, ConfigError `E_POLICY_UNAVAILABLE`: with `strict` only
 * @source architecture section 6
 */
export function createPolicies(config: RuntimeConfig, given: readonly Mechanism[]): JudgeLine {
  admitGiven(given);
  const loaded = new Map([...builtIn, ...given].map((mechanism) => [mechanism.manifest.name, mechanism]));
  const manifests = judgedMechanisms(given);
  if (config.strict) enforce(config.lines, manifests);
  return (line) => {
    const verdict = judgePolicies(line, manifests);
    const isRefusal = ({ severity }: Finding): boolean => severity === 'error';
    return {
      mechanism: verdict.mechanism === undefined ? undefined : loaded.get(verdict.mechanism.name),
      refusals: verdict.findings
        .filter(isRefusal)
        .map(({ code, seen, message, remedy }) => ({ code, asked: seen, message, remedy })),
      findings: verdict.findings.filter((finding) => !isRefusal(finding)),
    };
  };
}
