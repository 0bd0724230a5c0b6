/** What is wrong, doubtful or worth knowing in a configuration: data, so that every door shows the same thing. */

export type Severity = 'error' | 'warning' | 'info';

/** Stable names of everything that can be found. @source redundancy reference section 3.11; the rest are ours */
export type FindingCode =
  | 'dual.no-alternate'
  | 'dual.transport'
  | 'dual.alternate-ignored'
  | 'dual.same-server'
  | 'line.no-proxy'
  | 'line.no-user'
  | 'line.not-registering'
  | 'line.no-id'
  | 'line.duplicate'
  | 'line.no-number'
  | 'line.unknown-template'
  | 'fallback.no-rank'
  | 'auto.ar'
  | 'server.invalid'
  | 'reg.retry-zero'
  | 'reg.long-too-short'
  | 'reg.cap-below-interval'
  | 'reg.expires-zero'
  | 'reg.expires-range'
  | 'reg.expires-clamp'
  | 'timer.zero'
  | 'rsc.token'
  | 'rsc.too-long'
  | 'rsc.bt-deprecated'
  | 'policy.conflict'
  | 'policy.unavailable'
  | 'policy.unknown'
  | 'policy.idle'
  | 'policy.forced'
  | 'policy.advice'
  | 'figure.outage'
  | 'figure.fallback'
  | 'figure.no-fallback'
  | 'figure.dual-outage'
  | 'key.unknown'
  | 'value.invalid'
  | 'secret.unavailable'
  | 'tls.unreadable'
  | 'tls.incomplete'
  | 'tls.no-certificate'
  | 'yaml.syntax'
  | 'xml.syntax'
  | 'xml.no-profile'
  | 'xml.encoding'
  | 'xml.user-access'
  | 'xml.nested'
  | 'xml.unknown-element';

/** Place in a configuration file; line and column count from 1. */
export interface SourcePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface Finding {
  readonly severity: Severity;
  readonly code: FindingCode;
  /** Id of the line it is about; the first one when several share it. */
  readonly line?: string;
  /** How many lines share it, when more than one does. */
  readonly lines?: number;
  /** Where the value stands: `lines[2].proxy`, `phone.sipT1`, `templates.office.sipTransport`. */
  readonly path: string;
  /** The value as written; secrets are never shown. */
  readonly seen: string;
  /** What would be accepted. */
  readonly allowed: string;
  /** One sentence: what is wrong and what the runtime does about it. */
  readonly message: string;
  /** What to change; empty when there is nothing to do. */
  readonly remedy: string;
  readonly at?: SourcePosition;
}

export type ConfigPath = readonly (string | number)[];

/** `['lines', 2, 'proxy']` as `lines[2].proxy`. */
export function formatPath(path: ConfigPath): string {
  return path.map((step, i) => (typeof step === 'number' ? `[${step}]` : i === 0 ? step : `.${step}`)).join('');
}

/** A value as a finding shows it: short, on one line. */
export function showValue(value: unknown): string {
  if (value === undefined || value === null || value === '') return 'nothing';
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  const plain = [...text].map((char) => (isControl(char.charCodeAt(0)) ? '\ufffd' : char)).join('');
  return plain.length > 60 ? `${plain.slice(0, 57)}...` : plain;
}

/** C0 controls and DEL: they would break a SIP message apart. */
export function isControl(code: number): boolean {
  return code < 0x20 || code === 0x7f;
}

export function hasErrors(findings: readonly Finding[]): boolean {
  return findings.some((finding) => finding.severity === 'error');
}

function subject(finding: Finding): string {
  if (finding.line === undefined) return '';
  const others = (finding.lines ?? 1) - 1;
  return `line ${finding.line}${others > 0 ? ` and ${others} more` : ''}: `;
}

/** A finding as one readable line: `lines.yaml:4:7: error dual.same-server: line 1000: …`. */
export function describeFinding(finding: Finding): string {
  const { at, severity, code, path, seen, allowed, message, remedy } = finding;
  const place = at === undefined ? path : `${at.file}:${at.line}:${at.column}`;
  const values = allowed === '' ? '' : ` Seen: ${seen}. Allowed: ${allowed}.`;
  return `${place}: ${severity} ${code}: ${subject(finding)}${message}${values}${remedy === '' ? '' : ` ${remedy}`}`;
}
