/* What a doctor finds, as data: the text and --json show the same. */

export type Health = 'ok' | 'info' | 'warning' | 'error';

/** In the order they are told. */
export const wards = ['machine', 'configuration', 'files', 'ports', 'servers', 'bus'] as const;
export type Ward = (typeof wards)[number];

/** One thing that was looked at. */
export interface Diagnosis {
  readonly ward: Ward;
  readonly severity: Health;
  /** Stable name of what was found: `server.silent`. */
  readonly code: string;
  /** What it is about: `192.0.2.10:5060 udp`, `/etc/offhook/phone.yaml`. */
  readonly subject: string;
  readonly seen: string;
  /** Why it matters; empty where all is well. */
  readonly why: string;
  /** What to do; empty where there is nothing to do. */
  readonly remedy: string;
}

export interface DoctorReport {
  /** No error was found. */
  readonly ok: boolean;
  /** Undefined: none was named and none is at the usual places. */
  readonly config: string | undefined;
  readonly lines: number;
  readonly counts: Readonly<Record<Health, number>>;
  readonly findings: readonly Diagnosis[];
}

type Words = Pick<Diagnosis, 'subject' | 'seen'> & Partial<Pick<Diagnosis, 'why' | 'remedy'>>;

/** Makes diagnoses of one ward. */
export const diagnose =
  (ward: Ward) =>
  (severity: Health, code: string, { subject, seen, why = '', remedy = '' }: Words): Diagnosis => ({
    ...{ ward, severity, code, subject, seen, why, remedy },
  });

export function reportOf(config: string | undefined, lines: number, found: readonly Diagnosis[]): DoctorReport {
  const counts = { ok: 0, info: 0, warning: 0, error: 0 };
  for (const { severity } of found) counts[severity] += 1;
  const findings = wards.flatMap((ward) => found.filter((each) => each.ward === ward));
  return { ok: counts.error === 0, config, lines, counts, findings };
}

export const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;
