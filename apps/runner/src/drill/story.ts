import type { CallOutcome, LineOutcome, Outcome, Timeline } from '@offhook/lab';
import { instantIn, lasted } from './instant.ts';

/* What a drill came to, in sentences that an administrator reads first. */

export interface Sentence {
  readonly text: string;
  /** A heading stands above the sentences that follow it. */
  readonly tone: 'heading' | 'plain' | 'good' | 'bad';
}

/** A time in which a server did not do its job. */
interface Outage {
  readonly server: string;
  readonly fromS: number;
  readonly toS: number;
  readonly text: string;
}

const plural = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;

/** How many lines, calls and the like are named one by one. */
const named = 4;

/** From the call to its answer, s. */
const waitOf = ({ atS, upS }: CallOutcome): number => (upS === undefined ? 0 : upS - atS);
/** Less than this is no wait that a caller notices. */
const noticedS = 1;

function outagesOf({ servers, untilS }: Outcome, { entries }: Timeline): readonly Outage[] {
  const at = instantIn(untilS);
  return servers.flatMap(({ server, spans }) =>
    spans
      .filter(({ state }) => state !== 'up')
      .map(({ fromS, toS, state }) => {
        const entry = entries.find((each) => each.lane === 'server' && each.server === server && each.atS === fromS);
        const what = state === 'failing' ? (entry?.text ?? `${server} fails`) : `${server} is ${state}`;
        const until = toS >= untilS ? 'to the end' : `to ${at(toS)}, ${lasted(toS - fromS)}`;
        return { server, fromS, toS, text: `${what} from ${at(fromS)} ${until}.` };
      }),
  );
}

const routeAt = ({ route }: LineOutcome, atS: number): string => route.findLast(({ fromS }) => fromS <= atS)?.state ?? 'none';

const range = (values: readonly number[]): string => {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return most - least < 0.05 ? lasted(least) : `${lasted(least)} to ${lasted(most)}`;
};

/** Where the lines that used the server went, and when they came back. */
function movesOf(outage: Outage, { lines, untilS }: Outcome): readonly Sentence[] {
  const at = instantIn(untilS);
  const there = lines.filter((line) => routeAt(line, outage.fromS) === outage.server);
  const who = (some: readonly LineOutcome[]): string =>
    some.length === lines.length && lines.length > 1
      ? lines.length === 2
        ? 'both lines'
        : `all ${lines.length} lines`
      : some.length <= named
        ? `line${some.length > 1 ? 's' : ''} ${some.map(({ line }) => line).join(', ')}`
        : plural(some.length, 'line');
  const moved = there.flatMap((line) => {
    const span = line.route.find(({ fromS, state }) => fromS > outage.fromS && fromS <= outage.toS && state !== outage.server);
    return span === undefined ? [] : [{ line, span }];
  });
  const sentences: Sentence[] = [];
  for (const target of new Set(moved.map(({ span }) => span.state))) {
    const own = moved.filter(({ span }) => span.state === target);
    const some = own.map(({ line }) => line);
    const after = own.map(({ span }) => span.fromS - outage.fromS);
    const when = own.length === 1 ? ` from ${at(own[0]?.span.fromS ?? 0)} on,` : '';
    const text =
      target === 'none'
        ? `${who(some)} out of service${when.replace(' on,', '')} ${range(after)} after it began`
        : `new calls of ${who(some)} go straight to ${target}${when} ${range(after)} after it began`;
    sentences.push({ text: `${capital(text)}.`, tone: target === 'none' ? 'bad' : 'plain' });
  }
  const stayed = there.length - moved.length;
  if (stayed > 0 && there.length > 0)
    sentences.push({
      text: `${capital(stayed === there.length ? who(there) : plural(stayed, 'line'))} did not change the route.`,
      tone: 'plain',
    });
  const back = moved.flatMap(({ line }) => {
    const span = line.route.find(({ fromS, state }) => fromS >= outage.toS && state === outage.server);
    return span === undefined ? [] : [span.fromS - outage.toS];
  });
  if (back.length > 0) {
    const all = back.length === moved.length;
    const some = all
      ? moved.length === 1
        ? 'It is'
        : 'They are'
      : `${plural(back.length, 'line')} ${back.length === 1 ? 'is' : 'are'}`;
    sentences.push({ text: `${some} back at ${outage.server} ${range(back)} after it answers again.`, tone: 'good' });
  }
  return sentences;
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function callsOf(outcome: Outcome): readonly Sentence[] {
  const at = instantIn(outcome.untilS);
  const all = outcome.lines.flatMap(({ line, calls }) => calls.map((call) => ({ line, call })));
  if (all.length === 0) return [];
  const outgoing = all.filter(({ call }) => call.direction === 'outgoing');
  const failed = all.filter(({ call }) => call.failure !== undefined);
  const waited = outgoing.filter(({ call }) => waitOf(call) >= noticedS);
  const sum = `${plural(all.length, 'call')}: ${all.length - failed.length} answered, ${failed.length} not.`;
  const sentences: Sentence[] = [{ text: sum, tone: 'heading' }];
  const longest = [...waited].sort((a, b) => waitOf(b.call) - waitOf(a.call));
  for (const { line, call } of longest.slice(0, named)) {
    const by =
      call.servers.length > 1 ? `, by ${call.servers.at(-1)} after ${call.servers.slice(0, -1).join(', ')} did not serve it` : '';
    sentences.push({ text: `Line ${line}, call at ${at(call.atS)}: answered after ${lasted(waitOf(call))}${by}.`, tone: 'bad' });
  }
  if (longest.length > named)
    sentences.push({
      text: `${longest.length - named} more calls waited ${range(longest.slice(named).map(({ call }) => waitOf(call)))}.`,
      tone: 'bad',
    });
  for (const { line, call } of failed.slice(0, named)) {
    const where = call.servers.length === 0 ? 'it left by no server' : `tried at ${call.servers.join(', ')}`;
    sentences.push({ text: `Line ${line}, call at ${at(call.atS)}: failed (${call.failure}), ${where}.`, tone: 'bad' });
  }
  if (failed.length > named) sentences.push({ text: `${failed.length - named} more calls failed.`, tone: 'bad' });
  return sentences;
}

/** When nobody could call a line, the longest first. The first registration takes its time and does not count. */
function reachabilityOf({ lines, untilS }: Outcome): readonly Sentence[] {
  const at = instantIn(untilS);
  const cut = lines.flatMap(({ line, unreachable }) => {
    const gaps = unreachable.filter(({ fromS, toS }) => toS - fromS >= noticedS && (fromS > 0 || toS >= untilS));
    const sumS = gaps.reduce((sum, { fromS, toS }) => sum + toS - fromS, 0);
    return gaps.length === 0 ? [] : [{ line, gaps, sumS }];
  });
  if (cut.length === 0) return [{ text: 'Every line could be called all the time.', tone: 'good' }];
  const longest = [...cut].sort((a, b) => b.sumS - a.sumS);
  const sentences = longest.slice(0, named).map(({ line, gaps, sumS }): Sentence => {
    const times = gaps.slice(0, named).map(({ fromS, toS }) => `${at(fromS)} ${toS >= untilS ? 'to the end' : `to ${at(toS)}`}`);
    const more = gaps.length > named ? ` and ${gaps.length - named} more times` : '';
    return { text: `Nobody could call line ${line} for ${lasted(sumS)}: ${times.join(', ')}${more}.`, tone: 'bad' };
  });
  const more = longest.slice(named).map(({ sumS }) => sumS);
  return more.length > 0
    ? [...sentences, { text: `Nor ${plural(more.length, 'more line')} for ${range(more)}.`, tone: 'bad' }]
    : sentences;
}

/** The whole story: each outage and what it did, reachability, calls. */
export function storyOf(outcome: Outcome, timeline: Timeline): readonly Sentence[] {
  return [
    ...outagesOf(outcome, timeline).flatMap((outage): readonly Sentence[] => [
      { text: outage.text, tone: 'heading' },
      ...movesOf(outage, outcome),
    ]),
    ...reachabilityOf(outcome),
    ...callsOf(outcome),
  ];
}
