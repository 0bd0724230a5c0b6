import type { CallOutcome, LineOutcome, Outcome } from '@offhook/lab';
import type { Paint } from '../paint.ts';
import { instantIn, lasted } from './instant.ts';

/** Something that went another way under the other configuration. */
export interface Difference {
  readonly about: string;
  readonly one: string;
  readonly other: string;
}

const callText = ({ upS, atS, servers, failure }: CallOutcome): string => {
  if (failure !== undefined) return `failed (${failure})${servers.length > 0 ? ` at ${servers.join(', ')}` : ''}`;
  const by = servers.at(-1) ?? 'no server';
  return upS === undefined ? `never answered, at ${by}` : `answered by ${by} after ${lasted(upS - atS)}`;
};

function routeText({ route }: LineOutcome, at: (atS: number) => string): string {
  return route.map(({ state, fromS }) => `${state === 'none' ? 'nowhere' : state} from ${at(fromS)}`).join(', ') || 'nowhere';
}

const unreachableS = ({ unreachable }: LineOutcome): number =>
  unreachable.reduce((sum, { fromS, toS }) => sum + (toS - fromS), 0);

function lineDifferences(one: LineOutcome, other: LineOutcome, at: (atS: number) => string): readonly Difference[] {
  const about = `line ${one.line}`;
  const found: Difference[] = [];
  const add = (what: string, a: string, b: string): void => {
    if (a !== b) found.push({ about: `${about}: ${what}`, one: a, other: b });
  };
  add('mode', one.mode, other.mode);
  add('new calls go to', routeText(one, at), routeText(other, at));
  add('could not be called for', lasted(unreachableS(one)), lasted(unreachableS(other)));
  const outgoing = (line: LineOutcome) => line.calls.filter(({ direction }) => direction === 'outgoing');
  const others = outgoing(other);
  for (const [i, call] of outgoing(one).entries()) {
    const twin = others[i];
    add(`call at ${at(call.atS)}`, callText(call), twin === undefined ? 'not placed' : callText(twin));
  }
  return found;
}

/** Everything that differs: routes, reachability, calls, and how many REGISTERs each server got. */
export function compareOutcomes(one: Outcome, other: Outcome): readonly Difference[] {
  const at = instantIn(one.untilS);
  const lines = one.lines.flatMap((line) => {
    const twin = other.lines.find((each) => each.line === line.line);
    return twin === undefined
      ? [{ about: `line ${line.line}`, one: line.mode, other: 'is not there' }]
      : lineDifferences(line, twin, at);
  });
  const extra = other.lines.filter(({ line }) => !one.lines.some((each) => each.line === line));
  const servers = [...new Set([...one.servers, ...other.servers].map(({ server }) => server))].flatMap((server) => {
    const count = ({ servers: all }: Outcome): string => String(all.find((each) => each.server === server)?.registers ?? 0);
    return count(one) === count(other) ? [] : [{ about: `REGISTERs at ${server}`, one: count(one), other: count(other) }];
  });
  return [...lines, ...extra.map(({ line, mode }) => ({ about: `line ${line}`, one: 'is not there', other: mode })), ...servers];
}

interface Column {
  readonly name: string;
  readonly text: string;
}

/** Both stories, then what differs. */
export function comparisonText(one: Column, other: Column, differences: readonly Difference[], paint: Paint): string {
  const story = ({ name, text }: Column): string => `${paint.bold(paint.underline(name))}\n${text}\n`;
  if (differences.length === 0) return [story(one), paint.green(`${other.name} makes no difference in this drill.`)].join('\n');
  const label = Math.max(one.name.length, other.name.length);
  const rows = differences.map(
    ({ about, one: a, other: b }) => `  ${about}\n    ${one.name.padEnd(label)}  ${a}\n    ${other.name.padEnd(label)}  ${b}`,
  );
  return [story(one), story(other), paint.bold('What differs'), ...rows].join('\n');
}
