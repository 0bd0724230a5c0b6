import type { Finding } from '@offhook/core';
import type { CallFact, Fact, LegStatus, LineStatus } from '@offhook/runtime';
import colors from 'picocolors';
import { describe, expect, it } from 'vitest';
import { factText, findingsText, linesText } from './text.ts';

const plain = colors.createColors(false);
const leg = (given: Partial<LegStatus>): LegStatus => ({
  leg: 'primary',
  server: 'a:5060;udp',
  state: 'up',
  bound: true,
  usable: true,
  registration: 'registered',
  failures: 0,
  ...given,
});
const alternate = (given: Partial<LegStatus> = {}): LegStatus => leg({ leg: 'alternate', server: 'backup:5060;udp', ...given });
const line = (given: Partial<LineStatus>): LineStatus => ({
  id: '1001',
  key: 'abc' as LineStatus['key'],
  slot: 7,
  user: '1001',
  mode: 'dual',
  route: 'onTop',
  legs: [leg({ refreshAtMs: 9_000, expiresAtMs: 14_000 }), alternate()],
  calls: [],
  queued: 0,
  subscriptions: [],
  degraded: false,
  refusals: [],
  findings: [],
  ...given,
});

describe('lines', () => {
  it('stand in columns, with a sum below', () => {
    expect(linesText([line({})], 1_000, plain)).toBe(
      [
        '1001  dual, calls go to the primary',
        '  primary    a:5060;udp       registered   renewal in 8 s, expires in 13 s',
        '  alternate  backup:5060;udp  registered',
        '1 line: 1 of 1 registered at the primary, 1 of 1 registered at the alternate.',
      ].join('\n'),
    );
  });

  it('say what is wrong with a leg, what is waiting, and which calls there are', () => {
    const call: CallFact = { id: 'c1', direction: 'outgoing', state: 'up', leg: 'alternate' };
    const failed = leg({ usable: false, registration: 'waiting', retryAtMs: 4_000, failures: 2 });
    const shown = linesText(
      [line({ route: 'failedOver', legs: [failed, alternate()], calls: [call], queued: 1, degraded: true })],
      0,
      plain,
    );
    expect(shown).toContain('1001  dual, failed over: calls go to the alternate; degraded, see explain; 1 request waiting');
    expect(shown).toContain('not renewed  next try in 4 s, 2 failures');
    expect(shown).toContain('  call       c1 outgoing up on the alternate');
    expect(shown).toContain('0 of 1 registered at the primary');
  });

  it('tell of messages waiting, and how that is known', () => {
    const messages = { waiting: true, voice: { new: 2, old: 8 } };
    const known = { event: 'message-summary', state: 'active', leg: 'primary', refreshAtMs: 60_000, messages } as const;
    expect(linesText([line({ subscriptions: [known] })], 0, plain)).toContain(
      '  messages   waiting (2 new, 8 old); subscribed at the primary, renewal in 60 s',
    );
    const failed = { event: 'message-summary', state: 'retrying', retryAtMs: 9_000 };
    expect(linesText([line({ subscriptions: [failed] })], 0, plain)).toContain('  messages   unknown; failed, next try in 9 s');
  });

  it('name the servers of a list, not its one leg', () => {
    const mark = { leg: 'primary', state: 'up', bound: false, usable: false } as const;
    const servers = [
      { ...mark, server: 'a:5060;udp', rank: 0 },
      { ...mark, server: 'backup:5060;udp', rank: 1, current: true as const },
    ];
    const shown = linesText([line({ mode: 'list', route: 'failedOver', servers, legs: [leg({})] })], 0, plain);
    expect(shown).toContain('1001  list, failed over: calls go to backup:5060;udp\n  at         a:5060;udp  registered');
    expect(linesText([line({ mode: 'list', route: 'recovering', servers })], 0, plain)).toContain(
      'a better server is being asked',
    );
  });

  it('never show a time that has passed as negative', () => {
    expect(linesText([line({})], 60_000, plain)).not.toContain('-');
  });

  it('are told to be missing', () => {
    expect(linesText([], 0, plain)).toBe('This runner has no lines.');
  });
});

it('an event of a call names its line, not its key', () => {
  const fact = { kind: 'call', key: 'abc', value: { id: 'c1', direction: 'outgoing', state: 'trying' } } as unknown as Fact;
  expect(factText(fact, () => '1001', 0, plain)).toBe('1970-01-01T00:00:00.000Z  1001  call c1 outgoing trying');
});

describe('findings', () => {
  const finding: Finding = {
    severity: 'error',
    code: 'server.invalid',
    line: '1000',
    lines: 3,
    path: 'lines[0].proxy',
    seen: 'a b',
    allowed: 'host[:port]',
    message: 'This is no server address. It is left out.',
    remedy: 'Correct it. Or: remove it.',
    at: { file: 'x.yaml', line: 4, column: 18 },
  };

  it('show the place, what was seen, what is allowed and what to do, one thing a line', () => {
    expect(findingsText({ path: 'x.yaml', runnable: true, lines: 3, findings: [finding] }, plain)).toBe(
      [
        'x.yaml:4:18: error server.invalid, line 1000 and 2 more (lines[0].proxy)',
        '  This is no server address.',
        '  It is left out.',
        '  seen     a b',
        '  allowed  host[:port]',
        '  remedy   Correct it.',
        '           Or: remove it.',
        'x.yaml: 3 lines can be run; 1 error, 0 warnings, 0 remarks',
      ].join('\n'),
    );
  });

  it('have colours only where they are wanted', () => {
    const painted = findingsText({ path: 'x.yaml', runnable: true, lines: 3, findings: [finding] }, colors.createColors(true));
    expect(painted).toContain('\u001b[31merror\u001b[39m');
    expect(findingsText({ path: 'x.yaml', runnable: true, lines: 3, findings: [finding] }, plain)).not.toContain('\u001b');
  });
});
