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
  ruledLine,
} from '@offhook/core';
import { dualRegistration, type Refusal, rankedList } from '@offhook/line-actor';
import { create as createBroadsoft } from '@offhook/plugin-broadsoft';
import { createDnsSrvMechanism } from '@offhook/plugin-dns-srv';

/** What rules one line, and what the registry refused on it. */
export interface LinePolicy {
  readonly mechanism: Mechanism | undefined;
  /** The line as the mechanism runs it: with the values that it forces, and with what is worth knowing and refuses nothing. */
  readonly line: LineConfig;
  readonly refusals: readonly Refusal[];
  /** What refuses something. */
  readonly faults: readonly Finding[];
  /** Name of the mechanism that rules, implemented here or by the line itself. */
  readonly ruledBy: string | undefined;
}

export type JudgeLine = (config: LineConfig) => LinePolicy;

/** The policy registry of one runtime. */
export interface Policies {
  readonly judge: JudgeLine;
  /** The same where many lines must not suffer for one: mechanisms that cannot judge a line are refused on it, and nothing is thrown. */
  readonly judgeAlone: JudgeLine;
  /** @throws PolicyConflictError `E_POLICY_CONFLICT`, ConfigError `E_POLICY_UNAVAILABLE`: what a strict configuration does not allow */
  enforce(lines: readonly LineConfig[]): void;
}

/** Said of nearly every line. */
const nothing: readonly never[] = [];

const isFault = ({ severity }: Finding): boolean => severity === 'error';

export const refusalsOf = (faults: readonly Finding[]): readonly Refusal[] =>
  faults.map(({ code, seen, message, remedy }) => ({ code, asked: seen, message, remedy }));

const builtIn: readonly Mechanism[] = [dualRegistration, rankedList, createDnsSrvMechanism(), createBroadsoft()];

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

function claimsFault(line: LineConfig, manifest: MechanismManifest): string | undefined {
  try {
    manifest.claims(line);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const brokenRefusal = (line: LineConfig, manifest: MechanismManifest): Refusal => ({
  code: 'E_PLUGIN_INVALID',
  asked: line.ext.xMechanism,
  message: `Mechanism ${manifest.name}: claims() failed: ${claimsFault(line, manifest)}. The line goes on without it.`,
  remedy: 'Correct the plugin, or take it out of plugins.',
});

/**
 * The policy registry of one runtime: given mechanisms win over built-in and announced ones of the same name, and each line is judged
 * against all of them.
 * @throws PluginError `E_PLUGIN_INVALID`, `E_PLUGIN_DUPLICATE`
 * @throws PolicyConflictError `E_POLICY_CONFLICT`, ConfigError `E_POLICY_UNAVAILABLE`: with `strict` only
 * @source architecture section 6
 */
export function createPolicies(config: RuntimeConfig, given: readonly Mechanism[]): Policies {
  admitGiven(given);
  const loaded = new Map([...builtIn, ...given].map((mechanism) => [mechanism.manifest.name, mechanism]));
  const manifests = judgedMechanisms(given);
  const enforceAll = (lines: readonly LineConfig[]): void => enforce(lines, manifests);
  if (config.strict) enforceAll(config.lines);
  const judgeBy = (line: LineConfig, those: readonly MechanismManifest[]): LinePolicy => {
    const { mechanism, findings } = judgePolicies(line, those);
    const faults = findings.some(isFault) ? findings.filter(isFault) : nothing;
    const remarks = findings.filter((finding) => !isFault(finding));
    const ruled = ruledLine(line, mechanism);
    return {
      mechanism: mechanism === undefined ? undefined : loaded.get(mechanism.name),
      line: remarks.length === 0 ? ruled : { ...ruled, findings: [...(line.findings ?? []), ...remarks] },
      refusals: faults === nothing ? nothing : refusalsOf(faults),
      faults,
      ruledBy: mechanism?.name,
    };
  };
  const judge: JudgeLine = (line) => judgeBy(line, manifests);
  const judgeAlone: JudgeLine = (line) => {
    try {
      return judge(line);
    } catch (error) {
      if (!(error instanceof PluginError)) throw error;
      const broken = manifests.filter((manifest) => claimsFault(line, manifest) !== undefined);
      const policy = judgeBy(
        line,
        manifests.filter((manifest) => !broken.includes(manifest)),
      );
      return { ...policy, refusals: [...policy.refusals, ...broken.map((manifest) => brokenRefusal(line, manifest))] };
    }
  };
  return { judge, judgeAlone, enforce: enforceAll };
}
