import type { Paint } from '../paint.ts';
import { type Diagnosis, type DoctorReport, type Health, plural, type Ward, wards } from './doctor-report.ts';

const titles: Readonly<Record<Ward, string>> = {
  machine: 'Machine',
  configuration: 'Configuration',
  files: 'Files',
  ports: 'Local ports',
  servers: 'Servers',
  bus: 'Bus',
};

const widestSubject = 44;
const severityWidth = 'warning'.length;
const wordWidth = 'remedy'.length;

const tintOf = (paint: Paint): Readonly<Record<Health, (text: string) => string>> => ({
  ok: paint.green,
  info: paint.cyan,
  warning: paint.yellow,
  error: paint.red,
});

function diagnosisText({ severity, subject, seen, why, remedy }: Diagnosis, width: number, paint: Paint): string {
  const indent = ' '.repeat(2 + severityWidth + 2);
  const more = [
    ['why', why],
    ['remedy', remedy],
  ].filter(([, text]) => text !== '');
  return [
    `  ${tintOf(paint)[severity](severity.padEnd(severityWidth))}  ${subject.padEnd(width)}  ${seen}`.trimEnd(),
    ...more.map(([word = '', text]) => `${indent}${paint.dim(word.padEnd(wordWidth))}  ${text}`),
  ].join('\n');
}

function wardText(ward: Ward, found: readonly Diagnosis[], paint: Paint): string {
  const width = Math.min(widestSubject, Math.max(...found.map(({ subject }) => subject.length)));
  return [paint.bold(titles[ward]), ...found.map((each) => diagnosisText(each, width, paint))].join('\n');
}

function verdict({ ok, counts }: DoctorReport, paint: Paint): string {
  const trouble = [
    counts.error === 0 ? '' : plural(counts.error, 'error'),
    counts.warning === 0 ? '' : plural(counts.warning, 'warning'),
    counts.info === 0 ? '' : plural(counts.info, 'remark'),
  ].filter((text) => text !== '');
  const text = trouble.length === 0 ? 'Nothing is wrong.' : `${trouble.join(', ')}; ${counts.ok} checks found nothing wrong.`;
  return (ok ? paint.green : paint.red)(text);
}

/** Grouped by what was looked at, one line for each thing, two more where there is something to say. */
export function doctorText(report: DoctorReport, paint: Paint): string {
  const groups = wards
    .map((ward) => [ward, report.findings.filter((found) => found.ward === ward)] as const)
    .filter(([, found]) => found.length > 0);
  return [...groups.map(([ward, found]) => wardText(ward, found, paint)), verdict(report, paint)].join('\n\n');
}
