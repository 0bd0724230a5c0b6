import {
  type ConfigPath,
  defaultExt,
  type ExtConfig,
  type Finding,
  type LineConfig,
  type Notes,
  type PhoneConfig,
  parameterByKey,
  phoneConfig,
  type RuntimeConfig,
  readSection,
  validateLine,
} from '@offhook/core';
import type { AppliedLine, LineChange } from '@offhook/runtime';
import type { Step, StepOf } from './schema.ts';

/* A step that changes the configuration of the running phone: its values, the configuration it makes, and what became of it. */

type SetStep = StepOf<'set'>;
type Values = Readonly<Record<string, unknown>>;

export const isSet = (step: Step): step is SetStep => step.verb === 'set';

/** Reads the values as those of a configuration file are read: same names, same faults. */
export function readSetValues(step: SetStep, at: ConfigPath, notes: Notes): SetStep {
  const { values, secret } = readSection('ext', step.set, [...at, 'set'], [], notes);
  const phone = readSection('phone', step.phone, [...at, 'phone'], [], notes).values;
  // A password that is kept elsewhere is the drill's own, as in the configuration.
  return { ...step, set: secret === undefined ? values : { ...values, password: '' }, phone };
}

const isOf = ({ line = ['all'] }: SetStep, id: string): boolean => line.includes('all') || line.includes(id);

const changedPhone = (phone: PhoneConfig, { phone: values }: SetStep): PhoneConfig =>
  Object.keys(values).length === 0 ? phone : phoneConfig({ ...phone, ...values });

/** Defaults that go with another preset; what a line has written stays. @source redundancy reference D-02 */
function movedDefaults({ phone, written }: LineConfig, after: PhoneConfig): Values {
  const before = defaultExt(phone.xDefaultsPreset);
  const moved = Object.entries(defaultExt(after.xDefaultsPreset)).filter(
    ([key, value]) => value !== before[key as keyof ExtConfig] && written?.has(key) !== true,
  );
  return Object.fromEntries(moved);
}

/** The lines with what a step sets: judged and repaired as those of a file are. Lines that share a phone go on sharing one. */
export function changedLines(lines: readonly LineConfig[], step: SetStep): readonly LineConfig[] {
  const phones = new Map<PhoneConfig, PhoneConfig>();
  return lines.map((line): LineConfig => {
    const phone = phones.get(line.phone) ?? changedPhone(line.phone, step);
    phones.set(line.phone, phone);
    const set = isOf(step, line.id) ? step.set : {};
    if (phone === line.phone && Object.keys(set).length === 0) return line;
    const ext = Object.freeze({ ...line.ext, ...movedDefaults(line, phone), ...set }) as ExtConfig;
    const written = new Set([...(line.written ?? []), ...Object.keys(set)]);
    return validateLine({ ...line, ext, phone, written }).line;
  });
}

export function changedConfig(config: RuntimeConfig, step: SetStep): RuntimeConfig {
  const lines = changedLines(config.lines, step);
  return { ...config, lines, phone: lines[0]?.phone ?? config.phone };
}

function valuesText(values: Values, scope: 'ext' | 'phone'): readonly string[] {
  const shown = (key: string, value: unknown): string =>
    parameterByKey(scope, key)?.kind === 'secret' ? '' : ` ${value === '' ? '""' : String(value)}`;
  return Object.entries(values).map(([key, value]) => `${key}${shown(key, value)}`);
}

/** `line 1001 is set to proxyFallbackIntvl 60`. */
export function stepText({ set, phone, line = ['all'] }: SetStep): string {
  const whose = line.includes('all')
    ? 'all lines are'
    : line.length === 1
      ? `line ${line[0]} is`
      : `lines ${line.join(', ')} are`;
  const own = valuesText(set, 'ext');
  const shared = valuesText(phone, 'phone');
  const parts = [
    ...(own.length > 0 ? [`${whose} set to ${own.join(', ')}`] : []),
    ...(shared.length > 0 ? [`the phone is set to ${shared.join(', ')}`] : []),
  ];
  return parts.join('; ');
}

const effects: readonly (readonly [LineChange['takesEffect'], string])[] = [
  ['now', 'counts from now on'],
  ['line', 'counts from now on, the line registers anew with it'],
  ['last-call', 'waits for the last call of the line to end'],
  ['restart', 'waits for a restart (restartRequired)'],
];

/** What became of one line's changes, by what they wait for: `proxy, sipUri: waits for …; …`. */
export function appliedText({ changes }: AppliedLine): string {
  return effects
    .flatMap(([effect, words]) => {
      const keys = changes.filter(({ takesEffect }) => takesEffect === effect).map(({ key }) => key);
      return keys.length === 0 ? [] : [`${keys.join(', ')}: ${words}`];
    })
    .join('; ');
}

/** Errors and warnings that a change has brought, each once. */
export function newFindings(before: readonly LineConfig[], after: readonly LineConfig[]): readonly Finding[] {
  const known = new Set(before.flatMap(({ findings = [] }) => findings.map(({ message }) => message)));
  const found = new Map<string, Finding>();
  for (const { findings = [] } of after)
    for (const finding of findings)
      if (finding.severity !== 'info' && !known.has(finding.message)) found.set(finding.message, finding);
  return [...found.values()];
}
