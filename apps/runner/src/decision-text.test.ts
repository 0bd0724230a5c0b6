import type { CandidateMark, Decision } from '@offhook/core';
import colors from 'picocolors';
import { describe, expect, it } from 'vitest';
import { decisionText, spanText } from './decision-text.ts';

const plain = colors.createColors(false);
const mark = (leg: 'primary' | 'alternate', usable = true): CandidateMark => ({
  leg,
  server: `${leg}.example:5060;udp`,
  state: usable ? 'up' : 'down',
  bound: usable,
  usable,
});

const decision = (given: Partial<Decision>): Decision => ({
  seq: 1,
  atMs: 1_000,
  line: '1001',
  about: 'registration',
  rule: '6.1:reg.ok',
  source: 'redundancy 5.5',
  candidates: [mark('primary'), mark('alternate')],
  inputs: {},
  outcome: { action: 'registered' },
  ...given,
});
const text = (given: Partial<Decision>): string => decisionText(decision(given), plain);

const primary = { leg: 'primary', server: 'p:5060;udp' } as const;
const alternate = { leg: 'alternate', server: 'a:5060;udp' } as const;
const invite = { about: 'call', request: { method: 'INVITE', id: 'c1' } } as const;

describe('a decision in words', () => {
  it('says what, why, what comes next, and in brackets the rule and what the line knew', () => {
    const outcome = { action: 'registered', ...primary };
    const next = { what: 'refresh', atMs: 9_580 };
    expect(
      text({ leg: 'primary', inputs: { expiryS: 14 }, outcome, next, candidates: [mark('primary'), mark('alternate', false)] }),
    ).toBe(
      'registered at the primary (p:5060;udp) for 14 s; renewal in 8.58 s [6.1:reg.ok; primary registered; alternate not registered]',
    );
  });

  it.each<[string, Partial<Decision>]>([
    ['registering at the primary (p:5060;udp)', { rule: '6.1:line.start', outcome: { action: 'register', ...primary } }],
    [
      'registration failed: the primary (p:5060;udp) did not answer (failure 3 in a row)',
      { rule: '5.4:short', inputs: { failures: 2, outcome: 'no-response' }, outcome: { action: 'wait', ...primary } },
    ],
    [
      'the primary (p:5060;udp) finds that too brief: registering for 90 s',
      { rule: '6.1:reg.tooBrief', inputs: { code: 423, requestedS: 90 }, outcome: { action: 'register', ...primary } },
    ],
    [
      'the primary (p:5060;udp) closed the connection: registering again at once',
      { rule: 'D-48:disconnect', inputs: { outcome: 'disconnect' }, outcome: { action: 'register', ...primary } },
    ],
    [
      'registration refused: the primary (p:5060;udp) answered 403',
      { inputs: { code: 403 }, outcome: { action: 'reject', ...primary } },
    ],
    ['registration at the primary (p:5060;udp) has expired', { outcome: { action: 'lost', ...primary } }],
    [
      'call c1 goes to the primary (p:5060;udp): both servers hold a registration, the primary comes first',
      { ...invite, rule: '6.4:both-usable', outcome: { action: 'send', ...primary } },
    ],
    [
      'call c1 goes to the alternate (a:5060;udp): the primary answered 503',
      {
        ...invite,
        rule: '6.4:primary-failed/rsc',
        inputs: { outcome: 'rsc', code: 503 },
        outcome: { action: 'send', ...alternate },
      },
    ],
    [
      'call c1 goes to the alternate (a:5060;udp): the primary cannot be reached',
      {
        ...invite,
        rule: '6.4:primary-failed/transport',
        inputs: { outcome: 'transport' },
        outcome: { action: 'send', ...alternate },
      },
    ],
    [
      'call c1 is refused with 480: the line is not registered',
      { ...invite, rule: '6.7:not-registered', outcome: { action: 'refuse', status: 480, reason: 'not-registered' } },
    ],
    [
      'call c1 failed: the server answered 486, which is final',
      {
        ...invite,
        rule: '6.4:reject-is-final',
        inputs: { outcome: 'reject', code: 486 },
        outcome: { action: 'deliver', status: 486 },
      },
    ],
    [
      'call c1 failed: the server did not answer and no other server is to be tried',
      { ...invite, rule: '6.4:both-failed', inputs: { outcome: 'no-response' }, outcome: { action: 'deliver' } },
    ],
    [
      'MESSAGE r1 waits for a registration',
      {
        about: 'request',
        request: { method: 'MESSAGE', id: 'r1' },
        rule: '6.4:none-registered/queue',
        outcome: { action: 'queue' },
      },
    ],
    [
      'new calls go to the alternate: the primary holds no working registration',
      { about: 'line', rule: '6.4:alternate-only', outcome: { action: 'route-alternate' } },
    ],
    [
      'mechanism refused: A and B clash.',
      {
        about: 'policy',
        rule: 'D-11:policy.conflict',
        outcome: { action: 'refused-policy', reason: 'A and B clash. The guide says so.' },
      },
    ],
    ['primary: something new', { leg: 'primary', outcome: { action: 'something', reason: 'new' } }],
  ])('%s', (words, given) => {
    const said = text(given);
    expect(said.split(' [')[0]).toContain(words);
    expect(said).not.toMatch(/undefined|NaN|\n/);
  });

  it('keeps what the sentence does not speak of', () => {
    expect(text({ inputs: { expiryS: 14, check: 'certificate expired' }, candidates: [] })).toContain(
      '[6.1:reg.ok; check certificate expired]',
    );
  });

  it('says how long a server has been down', () => {
    const down: CandidateMark = { ...mark('primary', false), downSinceMs: -1_500, blockedUntilMs: 31_000 };
    expect(text({ candidates: [down] })).toContain('[6.1:reg.ok; primary not registered for 2.5 s, held back for 30 s]');
  });
});

it('shows a span with the precision that its length deserves', () => {
  expect([0, 38, 8_576, 13_764, 600_400].map(spanText)).toEqual(['0 s', '0.04 s', '8.58 s', '13.8 s', '600 s']);
});

describe('a decision about a ranked list in words', () => {
  const server = { leg: 'primary', bound: false, usable: false, state: 'up' } as const;
  const candidates: readonly CandidateMark[] = [
    { ...server, server: 's1:5060;udp', rank: 0, state: 'down', downSinceMs: 0 },
    { ...server, server: 's2:5060;udp', rank: 1, current: true, bound: true, usable: true },
    { ...server, server: 's3:5060;udp', rank: 2, blockedUntilMs: 61_000 },
  ];
  const at = (name: string) => ({ leg: 'primary', server: `${name}:5060;udp` }) as const;

  it('names servers by themselves, and says of each what the line knew', () => {
    expect(text({ candidates, outcome: { action: 'registered', ...at('s2') }, inputs: { expiryS: 60 } })).toBe(
      'registered at s2:5060;udp for 60 s [6.1:reg.ok; s1:5060;udp down for 1 s; s2:5060;udp in use, registered; s3:5060;udp held back for 60 s]',
    );
  });

  const line = { about: 'line' } as const;
  it.each<[string, Partial<Decision>]>([
    [
      'new calls go to s2:5060;udp, a lower server: a request failed at the one before; return in 600 s',
      {
        ...line,
        rule: '6.3:request-failed',
        outcome: { action: 'route-lower', ...at('s2') },
        next: { what: 'fallback', atMs: 601_000 },
      },
    ],
    [
      'new calls go to s1:5060;udp, the best server: it has taken the registration back',
      { ...line, rule: '6.3:recovered', outcome: { action: 'route-top', ...at('s1') } },
    ],
    [
      'out of service: no server of the list serves the line; it begins again at s1:5060;udp',
      { ...line, rule: '6.3:exhausted', outcome: { action: 'out-of-service', ...at('s1') } },
    ],
    [
      'the return to s1:5060;udp waits for the end of a call',
      { ...line, rule: '5.7:latched', outcome: { action: 'wait', ...at('s1') } },
    ],
    [
      's1:5060;udp did not answer: registering at s2:5060;udp',
      {
        rule: '5.6:next-up/no-response',
        inputs: { from: 's1:5060;udp', outcome: 'no-response' },
        outcome: { action: 'register', ...at('s2') },
      },
    ],
    [
      'registering at s1:5060;udp, the better server',
      { rule: '5.7:registration-ends', outcome: { action: 'register', ...at('s1') } },
    ],
    [
      'registering at s2:5060;udp, a request waits for it',
      { rule: 'D-15:register-first', outcome: { action: 'register', ...at('s2') } },
    ],
    [
      'registering at s2:5060;udp: DNS does not name the other server any more',
      { rule: '6.3:dns.changed/gone', outcome: { action: 'register', ...at('s2') } },
    ],
    [
      'asking s1:5060;udp, the better server, to take the registration',
      { rule: '5.7:refresh', outcome: { action: 'recover', ...at('s1') } },
    ],
    [
      's1:5060;udp answered 503: the line stays where it is',
      { rule: '6.3:recovery-failed', inputs: { code: 503 }, outcome: { action: 'stay', ...at('s1') } },
    ],
    ['no renewal before the line is back at the better server', { rule: '5.7:no-early-refresh', outcome: { action: 'hold' } }],
    [
      'registration failed: s1:5060;udp and every other server of the list failed',
      { rule: '5.4:short', inputs: { outcome: 'exhausted' }, outcome: { action: 'wait', ...at('s1') } },
    ],
    ['call c1 goes to s2:5060;udp', { ...invite, rule: '6.7:registered', outcome: { action: 'send', ...at('s2') } }],
    [
      'call c1 goes to s2:5060;udp: the one before did not answer',
      {
        ...invite,
        rule: '5.6:next-up/no-response',
        inputs: { outcome: 'no-response' },
        outcome: { action: 'send', ...at('s2') },
      },
    ],
    [
      'registering anew: proxy was a, is b',
      { ...line, rule: 'D-46:restart', inputs: { what: 'proxy', was: 'a', is: 'b' }, outcome: { action: 'restart' } },
    ],
    [
      'the line begins anew with proxy, sipUri',
      { ...line, rule: '6.10:line', inputs: { changed: 'proxy sipUri' }, outcome: { action: 'restart' } },
    ],
    [
      'waits for a restart: dualRegistration',
      { ...line, rule: '6.10:until-restart', inputs: { changed: 'dualRegistration' }, outcome: { action: 'staged' } },
    ],
  ])('%s', (words, given) => {
    expect(text({ candidates, ...given }).replace(/ \[.*/, '')).toBe(words);
  });
});
