import type { Cell, Expectation, ExpectationOf, TableExpectation } from './schema.ts';
import {
  callRows,
  decisionRows,
  decisionsOf,
  legRows,
  type Played,
  type Row,
  responseRows,
  sentRows,
  type Value,
} from './tables.ts';

/* Compares what was played with what is expected. A fault says both. */

/** Instants are equal within a millisecond. */
const toleranceS = 0.001 + 1e-9;

function matches(value: Value, wanted: Cell): boolean {
  if (wanted === '*') return true;
  if (Array.isArray(wanted))
    return typeof value === 'number' && value >= wanted[0] - toleranceS && value <= wanted[1] + toleranceS;
  if (typeof value === 'number' && typeof wanted === 'number') return Math.abs(value - wanted) <= toleranceS;
  return value === wanted || (value !== null && wanted !== null && String(value) === String(wanted));
}

const rowText = (row: readonly (Cell | undefined)[]): string =>
  `[${row.map((value) => (Array.isArray(value) ? `${value[0]}..${value[1]}` : String(value ?? null))).join(' ')}]`;

/** Rows side by side, up to the first that differ and a little beyond. */
const rowsText = (rows: readonly (readonly (Cell | undefined)[])[]): string => {
  if (rows.length === 0) return 'nothing';
  const shown = rows.slice(0, 24).map(rowText).join(' ');
  return rows.length > 24 ? `${shown} and ${rows.length - 24} more` : shown;
};

const isRow = (row: readonly Value[], wanted: readonly Cell[]): boolean =>
  wanted.length <= row.length && wanted.every((each, i) => matches(row[i] ?? null, each));

/** `wanted` rows in this order among the others. */
function isWithin(rows: readonly (readonly Value[])[], wanted: readonly (readonly Cell[])[]): boolean {
  let next = 0;
  for (const row of rows) if (next < wanted.length && isRow(row, wanted[next] ?? [])) next++;
  return next === wanted.length;
}

function judgeTable(what: string, all: readonly Row[], wanted: TableExpectation, columns: readonly string[]): readonly string[] {
  const { show = columns, are, include, last, count, each, same = [], differ = [], alike, spread, busiest } = wanted;
  const rows = all.map((row) => show.map((column) => row[column] ?? null));
  const faults: string[] = [];
  const fault = (expected: string, seen: string): void =>
    void faults.push(`${what} (${show.join(' ')}): expected ${expected}, seen ${seen}`);
  if (are !== undefined && !(rows.length === are.length && rows.every((row, i) => isRow(row, are[i] ?? []))))
    fault(rowsText(are), rowsText(rows));
  if (include !== undefined && !isWithin(rows, include)) fault(`${rowsText(include)} among them`, rowsText(rows));
  if (last !== undefined && !isRow(rows.at(-1) ?? [], last)) fault(`${rowText(last)} last`, rowsText(rows.slice(-1)));
  const [least, most] = typeof count === 'number' ? [count, count] : (count ?? [0, Number.POSITIVE_INFINITY]);
  if (rows.length < least || rows.length > most)
    fault(`${least === most ? least : `${least} to ${most}`} of them`, `${rows.length}: ${rowsText(rows)}`);
  if (each !== undefined && (rows.length === 0 || !rows.every((row) => isRow(row, each))))
    fault(`each ${rowText(each)}`, rowsText(rows));
  for (const column of same)
    if (new Set(all.map((row) => row[column])).size !== 1)
      fault(`one ${column}`, all.map((row) => String(row[column])).join(', '));
  for (const column of differ)
    if (new Set(all.map((row) => row[column])).size !== all.length || all.length < 2)
      fault(`a ${column} for each of several`, all.map((row) => String(row[column])).join(', '));
  if (alike !== undefined) {
    const [one, other] = alike;
    const both = all.filter((row) => (row[one] ?? null) !== null && (row[other] ?? null) !== null);
    const unlike = both.filter((row) => row[one] !== row[other]).map((row) => `${row[one]} and ${row[other]} at ${row.at}`);
    if (both.length === 0 || unlike.length > 0) fault(`${one} equal to ${other}`, unlike.join(', ') || 'neither');
  }
  const instants = all.map((row) => Number(row.at)).sort((a, b) => a - b);
  const wideS = (instants.at(-1) ?? 0) - (instants[0] ?? 0);
  if (spread !== undefined && wideS < spread) fault(`a spread of ${spread} s`, `${wideS} s`);
  if (busiest !== undefined) {
    const perSecond = new Map<number, number>();
    for (const atS of instants) perSecond.set(Math.floor(atS), (perSecond.get(Math.floor(atS)) ?? 0) + 1);
    const peak = Math.max(0, ...perSecond.values());
    if (peak > busiest) fault(`at most ${busiest} in one second`, `${peak}`);
  }
  return faults;
}

function judgeCandidates(
  played: Played,
  { candidates, line, at = Number.POSITIVE_INFINITY }: ExpectationOf<'candidates'>,
): readonly string[] {
  const seen = decisionsOf(played).findLast(
    (decision) => decision.atMs <= at * 1_000 && decision.candidates.length > 0 && (line === undefined || decision.line === line),
  );
  const list = (seen?.candidates ?? []).map(({ server }) => server);
  const isEqual = list.length === candidates.length && list.every((server, i) => server === candidates[i]);
  return isEqual ? [] : [`candidates: expected ${candidates.join(', ')}, seen ${list.join(', ') || 'none'}`];
}

function judgeFinding({ stage }: Played, { finding, severity, seen }: ExpectationOf<'finding'>): readonly string[] {
  const all = (stage.runtime?.lines() ?? []).flatMap(({ findings }) => findings);
  const isThere = all.some(
    (each) =>
      each.code === finding &&
      (severity === undefined || each.severity === severity) &&
      (seen === undefined || each.seen === seen),
  );
  const codes = [...new Set(all.map(({ severity: how, code }) => `${how} ${code}`))];
  return isThere
    ? []
    : [`finding: expected ${[severity, finding, seen].filter(Boolean).join(' ')}, seen ${codes.join(', ') || 'none'}`];
}

function judgeStatus({ stage }: Played, { status, line }: ExpectationOf<'status'>): readonly string[] {
  const found = (stage.runtime?.lines() ?? []).find(({ id }) => line === undefined || id === line);
  return Object.entries(status).flatMap(([key, wanted]) => {
    const seen = (found as unknown as Readonly<Record<string, unknown>> | undefined)?.[key] ?? false;
    return seen === wanted ? [] : [`status ${key}: expected ${wanted}, seen ${String(seen)}`];
  });
}

/** What an expectation finds wrong; nothing when it holds. */
export function judge(played: Played, expectation: Expectation): readonly string[] {
  switch (expectation.about) {
    case 'sent':
      return judgeTable(`${expectation.sent} sent`, sentRows(played, expectation), expectation, ['to', 'at']);
    case 'responses':
      return judgeTable(`responses to ${expectation.responses}`, responseRows(played, expectation), expectation, [
        'to',
        'at',
        'status',
      ]);
    case 'decisions':
      return judgeTable(`decisions about ${expectation.decisions.join(', ')}`, decisionRows(played, expectation), expectation, [
        'at',
        'rule',
        'action',
      ]);
    case 'calls':
      return judgeTable('calls', callRows(played, expectation), expectation, ['call', 'state']);
    case 'legs':
      return judgeTable(`legs at ${expectation.legs} s`, legRows(played, expectation), expectation, ['leg', 'bound', 'usable']);
    case 'candidates':
      return judgeCandidates(played, expectation);
    case 'finding':
      return judgeFinding(played, expectation);
    case 'status':
      return judgeStatus(played, expectation);
  }
}
