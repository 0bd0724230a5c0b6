import type { RegistrationEntry, Timeline, TimelineEntry } from '@offhook/lab';
import { decisionWords } from '../decision-text.ts';
import type { Paint } from '../paint.ts';
import { instantIn } from './instant.ts';

/* The timeline as text: one line an event. What repeats without anything new is told once. */

interface Told {
  readonly atS: number;
  readonly line: string;
  readonly text: string;
  readonly tone: 'plain' | 'good' | 'bad' | 'act' | 'dim';
  readonly rule?: string;
}

const isRegistration = (entry: TimelineEntry): entry is RegistrationEntry =>
  entry.lane === 'registration.primary' || entry.lane === 'registration.alternate';

const held: ReadonlySet<string> = new Set(['registered', 'refreshing']);
const quietActions: ReadonlySet<string> = new Set(['answer', 'pin']);

/** Tells registrations: every change, the first failure of a series and how many followed. */
function createRegistrationTeller() {
  const failing = new Map<string, number>();
  return (entry: RegistrationEntry): Told | undefined => {
    const { atS, line, from, to, decision, rule } = entry;
    const { action } = decision.outcome;
    const key = `${line} ${entry.leg}`;
    const tell = (text: string, tone: Told['tone']): Told => ({ atS, line, text, tone, rule });
    if (action === 'refreshed' || action === 'refresh' || quietActions.has(action)) {
      // A renewal that goes well is no event.
      return action === 'refreshed' && !held.has(from) ? tell(decisionWords(decision), 'good') : undefined;
    }
    if (action === 'registered') {
      const tries = failing.get(key) ?? 0;
      failing.delete(key);
      return tell(`${decisionWords(decision)}${tries > 1 ? `, after ${tries} tries that failed` : ''}`, 'good');
    }
    if (action === 'wait') {
      const tries = (failing.get(key) ?? 0) + 1;
      failing.set(key, tries);
      if (tries === 2) return tell(`${decisionWords(decision)}; and so on, until something changes`, 'dim');
      return tries === 1 ? tell(decisionWords(decision), 'bad') : undefined;
    }
    if (action === 'register' && (failing.get(key) ?? 0) > 0) return undefined;
    if (action === 'register' && from === 'registering') return undefined;
    return tell(
      decisionWords(decision),
      ['lost', 'reject'].includes(to) || action === 'lost' || action === 'reject' ? 'bad' : 'plain',
    );
  };
}

function tellOther(entry: Exclude<TimelineEntry, RegistrationEntry>): Told | undefined {
  const { atS, text } = entry;
  switch (entry.lane) {
    case 'server':
      return { atS, line: '', text: `── ${text} ──`, tone: 'act' };
    case 'script':
      return { atS, line: entry.line ?? '', text, tone: 'act' };
    case 'route':
      return {
        atS,
        line: entry.line,
        text: decisionWords(entry.decision),
        tone: entry.to === 'none' ? 'bad' : 'plain',
        rule: entry.rule,
      };
    case 'request':
      if (quietActions.has(entry.decision.outcome.action)) return undefined;
      return { atS, line: entry.line, text: decisionWords(entry.decision), tone: 'plain', rule: entry.rule };
    case 'call': {
      const { fact, to } = entry;
      if (to !== 'up' && to !== 'ended') return undefined;
      const failed = to === 'ended' && entry.from !== 'up' && entry.from !== 'held';
      const why = failed
        ? `failed (${fact.status ?? fact.reason ?? 'no reason given'})`
        : to === 'up'
          ? 'is answered'
          : `ended (${fact.reason ?? ''})`;
      return { atS, line: entry.line, text: `call ${entry.call} ${why}`, tone: failed ? 'bad' : to === 'up' ? 'good' : 'plain' };
    }
    default:
      return undefined;
  }
}

/** Events of all lines, or of one; what servers and script do is always told. */
export function timelineText({ entries, lines, untilS }: Timeline, line: string | undefined, paint: Paint): string {
  const at = instantIn(untilS);
  const registration = createRegistrationTeller();
  const told = entries.flatMap((entry): Told[] => {
    const own = 'line' in entry ? entry.line : undefined;
    if (line !== undefined && own !== undefined && own !== line) return [];
    const found = isRegistration(entry) ? registration(entry) : tellOther(entry);
    return found === undefined ? [] : [found];
  });
  const width = line === undefined && lines.length > 1 ? Math.max(...lines.map(({ id }) => id.length)) + 2 : 0;
  const tints = { plain: (text: string) => text, good: paint.green, bad: paint.yellow, act: paint.bold, dim: paint.dim };
  return told
    .map((each) => {
      const rule = each.rule === undefined ? '' : ` ${paint.dim(`[${each.rule}]`)}`;
      return `${at(each.atS).padStart(10)}  ${width === 0 ? '' : each.line.padEnd(width)}${tints[each.tone](each.text)}${rule}`;
    })
    .join('\n');
}
