import { readFileSync } from 'node:fs';
import type { Explanation } from '@offhook/runtime';
import { describe, expect, it } from 'vitest';
import { createClockText, longSpanText } from '../src/clock-text.ts';
import { explainText } from '../src/explain-text.ts';
import { noPaint } from '../src/paint.ts';
import { requestStory, storyText } from '../src/request-story.ts';
import { stories } from './support/explained.ts';

const utc = createClockText(() => 0);
const textOf = (found: Explanation): string => explainText(found, noPaint, utc);

type Row = readonly [story: keyof typeof stories, lines: readonly string[]];
const rows: readonly Row[] = [
  [
    'single',
    [
      '1001  at 2026-01-05 09:01:00.000 +00:00',
      '  mode       single: there is one server, by rule 5.1:4',
      '  route      on top: new requests go to 10.0.0.1:5060;udp, since 09:00:00.000 (60 s)',
      '  primary    10.0.0.1:5060;udp  in use  registered here  UP',
      '             if nobody answers  +16.0 s  the failure goes to the caller [6.4:single/no-other-server]',
      '  MESSAGE    the same',
    ],
  ],
  [
    'singleRefused',
    [
      '  route      out of service: no server holds a working registration, since 09:00:00.000 (10 s)',
      '  chosen     nothing has been chosen yet',
      '  primary    10.0.0.1:5060;udp            DOWN since 09:00:00.000 (10 s), blocked until 09:01:30.000 (80 s more)',
      '  INVITE     is refused with 480 (not-registered), by rule 6.7:not-registered (redundancy 6.7)',
      '  MESSAGE    waits for a registration, at most 32 s, by rule 6.4:none-registered/queue (redundancy 6.4)',
      '  09:01:30.000  in 80 s  next try to register at the primary, by rule 5.4:retry-after (redundancy 5.4, D-22)',
    ],
  ],
  [
    'dual',
    [
      '  primary    10.0.0.1:5060;udp  in use  registered here  UP',
      '  alternate  10.0.0.2:5060;udp          registered here  UP',
      '  INVITE     goes to the primary, by rule 6.4:both-usable (redundancy 6.4)',
      '             Both servers hold a working registration: the primary comes first.',
      '             if nobody answers  +16.0 s  goes to the alternate [6.4:primary-failed/no-response]',
      '             then               +32.0 s  the failure goes to the caller [6.4:both-failed]',
    ],
  ],
  [
    'dualFailedOver',
    [
      '  route      failed over: new requests go to 10.0.0.2:5060;udp, since 09:00:00.000 (20 s)',
      '  chosen     at 09:00:00.000, by rule 6.4:alternate-only (redundancy 6.4, D-38)',
      '  primary    10.0.0.1:5060;udp                           DOWN since 09:00:16.000 (4 s)',
      '  09:00:46.000  in 26 s         next try to register at the primary, by rule 5.4:short (redundancy 5.4)',
    ],
  ],
  [
    'listFailedOver',
    [
      '  chosen     at 09:01:56.000, by rule 6.3:request-failed (redundancy 6.2, 6.3)',
      '  1          10.0.0.1:5060;udp          registered here, rank 0  DOWN since 09:01:56.000 (9 s)',
      '  2          10.0.0.2:5060;udp  in use  rank 1                   UP',
      '             if nobody answers  +16.0 s  goes to 10.0.0.3:5060;udp [5.6:next-up/no-response]',
      '  09:11:56.000  in 9 min 51 s   return to 10.0.0.1:5060;udp, by rule 5.7:interval (redundancy 5.7, D-02)',
      '                                = 09:01:56.000 (10.0.0.1:5060;udp went down) + 1 × 600 s (Proxy Fallback Intvl)',
    ],
  ],
  [
    'listRecovering',
    [
      '  route      recovering: a better server is being asked, new requests go to 10.0.0.2:5060;udp, since 09:11:56.000 (4 s)',
      '             if nobody answers  +16.0 s  goes to 10.0.0.1:5060;udp, once the line has registered there [5.6:next-up/no-response]',
    ],
  ],
  [
    'listOutOfService',
    [
      '  route      out of service: no server holds a working registration, since 09:00:58.000 (22 s)',
      '  chosen     at 09:00:58.000, by rule 6.3:exhausted (redundancy 6.3, 5.6)',
      '  the line   not renewed at 10.0.0.1:5060;udp (chart: waiting), until 10:00:00.000, 1 failed in a row',
    ],
  ],
  [
    'gatewayTier',
    [
      '  mode       list: a survivability tier exists, by rule 5.1:3',
      '  3          10.0.0.3:5060;udp  in use  registered here, gateway  UP',
      '  09:02:42.000  in 1 min 42 s   return to 10.0.0.1:5060;udp, by rule 5.7:survivability (redundancy 5.7, D-22)',
      '                                = 09:00:42.000 (the registration at 10.0.0.3:5060;udp began) + 1 × 120 s (Survivability Proxy Fallback Intvl)',
    ],
  ],
];

describe.each(rows)('explain of %s', (story, lines) => {
  it('says where new requests go, why, and what comes next', async () => {
    const said = textOf(await stories[story]()).split('\n');
    expect(lines.filter((line) => !said.includes(line))).toEqual([]);
  });

  it('gives the formula of every return: it comes to the instant that is scheduled', async () => {
    const { next } = await stories[story]();
    const returns = next.filter(({ what }) => what === 'fallback');
    for (const { atMs, formula } of returns) {
      const { fromMs = 0, stepMs = 0, count = 0, moreMs = 0 } = formula ?? {};
      expect(fromMs + stepMs * count + moreMs).toBe(atMs);
      expect(moreMs).toBe(0);
    }
  });
});

describe('explain', () => {
  it('says of a list that may not return by itself why it stays', async () => {
    const found = await stories.listWithoutReturn();
    expect(found.next.map(({ what }) => what)).not.toContain('fallback');
    expect(textOf(found)).toContain(
      '  no return is scheduled, by rule 5.7:no-interval (redundancy 5.7, D-09)\n  Proxy Fallback Intvl is 0: a server that works is never left.',
    );
  });

  it('shows refused mechanisms sentence by sentence, with the remedy', async () => {
    const refusals = [
      { code: 'policy.conflict', asked: 'broadsoft', message: 'A and B clash. The guide says so.', remedy: 'Set X.' },
    ];
    expect(textOf({ ...(await stories.dual()), refusals })).toContain(
      '  refused    A and B clash.\n             The guide says so.\n  remedy     Set X.',
    );
  });

  it('says how many decisions are forgotten', async () => {
    const found = await stories.dual();
    const decisions = found.decisions.slice(3);
    expect(textOf({ ...found, decisions })).toContain(
      `Decisions, latest last, the latest ${decisions.length}; 3 before them are forgotten`,
    );
  });

  it('is quoted in docs/explain.md as it is', async () => {
    const page = readFileSync(new URL('../../../docs/explain.md', import.meta.url), 'utf8');
    const found = await stories.listFailedOver();
    expect(page).toContain(textOf(found).replace(/\n\nDecisions, latest last.*$/s, ''));
    expect(page).toContain(storyText(requestStory(found, 'c1'), noPaint, utc));
  });
});

describe('explain of one request', () => {
  it('tells each step: when, which server, by which rule, what was seen and what was known', async () => {
    const story = requestStory(await stories.dualCall(), 'c1');
    expect(story).toMatchObject({ line: '1001', method: 'INVITE', beginning: 'kept' });
    const said = storyText(story, noPaint, utc).split('\n');
    for (const line of [
      '09:01:56.000  +16.0 s  call c1 goes to the alternate (10.0.0.2:5060;udp): the primary did not answer',
      '    server  10.0.0.2:5060;udp',
      '    rule    6.4:primary-failed/no-response (redundancy 6.4)',
      '            The primary failed, and the alternate holds a working registration.',
      '    saw     outcome no-response',
      '    knew    primary 10.0.0.1:5060;udp, registered here, UP',
      '            alternate 10.0.0.2:5060;udp, registered here, UP',
    ])
      expect(said).toContain(line);
  });

  it('says when its beginning is forgotten, and when that cannot be known', async () => {
    const found = await stories.dualCall();
    const first = found.decisions.findIndex(({ request }) => request?.id === 'c1');
    const since = (from: number): Explanation => ({ ...found, decisions: found.decisions.slice(from) });
    const cut = requestStory(since(first + 1), 'c1');
    expect(cut.beginning).toBe('forgotten');
    expect(storyText(cut, noPaint, utc)).toContain(
      'Its beginning is forgotten: the line keeps its latest 32 decisions, here from 09:01:56.000 on.',
    );
    expect(requestStory(since(first), 'c1').beginning).toBe('kept');
    const asMessage = since(first).decisions.map((each) => ({ ...each, request: { method: 'MESSAGE', id: 'r1' } }));
    expect(requestStory({ ...found, decisions: asMessage }, 'r1').beginning).toBe('unsure');
  });

  it('names what it knows of when it knows nothing of the one that is asked for', async () => {
    const found = await stories.dualCall();
    expect(() => requestStory(found, 'r9')).toThrow(
      'Line 1001 keeps no decision about "r9". Requests and calls it has some of: c1.',
    );
    expect(() => requestStory({ ...found, decisions: found.decisions.slice(-1) }, 'r9')).toThrow('those before are forgotten');
  });
});

describe('instants and spans', () => {
  it('are of the place that reads them, with the day where it is another', () => {
    const there = createClockText(() => -210);
    const ms = Date.UTC(2026, 0, 5, 1, 0, 0, 7);
    expect(there.full(ms)).toBe('2026-01-04 21:30:00.007 -03:30');
    expect(there.near(ms, ms + 3_600_000)).toBe('21:30:00.007');
    expect(there.near(ms, ms + 86_400_000)).toBe('2026-01-04 21:30:00.007');
  });

  it.each([
    [0, '0 s'],
    [16_000, '16 s'],
    [99_949, '99.9 s'],
    [724_000, '12 min 4 s'],
    [3_600_000, '1 h'],
    [12_000_000, '3 h 20 min'],
    [190_800_000, '2 d 5 h'],
    [90_000_000, '1 d 1 h'],
  ])('%i ms is %s', (ms, words) => {
    expect(longSpanText(ms)).toBe(words);
  });
});
