import { type LegFacts, type LineConfig, legsOf, lineKey, parseRuntimeConfig } from '@offhook/core';
import { describe, expect, it } from 'vitest';
import { identityOf } from './identity.ts';
import type { RunningLeg } from './leg.ts';
import type { HopResult, LegHop } from './leg-hop.ts';
import { type Staged, stagedChange, watchContact } from './resume.ts';

const key = lineKey('1001');

function configured(values: Readonly<Record<string, unknown>> = {}): LineConfig {
  const line = { userId: '1001', password: 'secret', proxy: '192.0.2.1', alternateProxy: '192.0.2.2', dualRegistration: true };
  const [config] = parseRuntimeConfig({ lines: [{ ...line, ...values }] }).lines;
  if (config === undefined) throw new Error('no line');
  return config;
}

const facts = (leg: 'p' | 'a', changed: Partial<LegFacts> = {}): LegFacts => {
  const host = leg === 'p' ? '192.0.2.1' : '192.0.2.2';
  return {
    callId: 'c',
    fromTag: 't',
    cseq: 7,
    expiresAtMs: 1,
    refreshAtMs: 1,
    aor: `sip:1001@${host}`,
    server: `${host}:5060;udp`,
    contact: `sip:1001@198.51.100.7:5062;line=${key};leg=${leg}`,
    ...changed,
  };
};

const changeIn = (config: LineConfig, stored: Parameters<typeof stagedChange>[2], registers = true): Staged | undefined =>
  stagedChange(identityOf(config, legsOf(config)), key, stored, registers, () => false);

describe('the staged configuration against stored facts (D-46)', () => {
  it('is the same where servers, addresses of record and contacts are', () => {
    expect(changeIn(configured(), { primary: facts('p'), alternate: facts('a') })).toBeUndefined();
    expect(changeIn(configured(), { alternate: facts('a') })).toBeUndefined();
    expect(changeIn(configured(), {})).toBeUndefined();
  });

  it.each<[string, Readonly<Record<string, unknown>>, Partial<Staged>]>([
    ['the primary is another', { proxy: '192.0.2.9' }, { leg: 'primary', what: 'server', is: '192.0.2.9:5060;udp' }],
    ['its port is another', { proxy: '192.0.2.1:5070' }, { leg: 'primary', what: 'server' }],
    ['the alternate is another', { alternateProxy: '192.0.2.9' }, { leg: 'alternate', what: 'server' }],
    ['the transport is another', { sipTransport: 'TCP' }, { leg: 'primary', what: 'server', is: '192.0.2.1:5060;tcp' }],
    ['the alternate is gone', { dualRegistration: false }, { leg: 'alternate', what: 'leg', is: '' }],
    ['an outbound proxy stands before it', { outboundProxy: '192.0.2.9' }, { leg: 'primary', what: 'server' }],
    ['the user is another', { userId: '1002' }, { leg: 'primary', what: 'aor', was: 'sip:1001@192.0.2.1' }],
  ])('differs where %s', (_, values, change) => {
    expect(changeIn(configured(values), { primary: facts('p'), alternate: facts('a') })).toMatchObject(change);
  });

  it('differs where the line registers no more', () => {
    expect(changeIn(configured({ register: false }), { primary: facts('p') }, false)).toMatchObject({ what: 'leg', is: '' });
  });

  it.each([
    ['of another leg', `sip:1001@198.51.100.7:5062;line=${key};leg=a`],
    ['of another line', 'sip:1001@198.51.100.7:5062;line=abc;leg=p'],
    ['of a stream', `sip:1001@198.51.100.7:5062;transport=tcp;line=${key};leg=p`],
    ['that was never sent', ''],
  ])('differs where the Contact is one %s', (_, contact) => {
    expect(changeIn(configured(), { primary: facts('p', { contact }) })).toMatchObject({ leg: 'primary', what: 'contact' });
  });
});

describe('the flow of a leg that goes on', () => {
  const contact = `sip:1001@198.51.100.7:5062;line=${key};leg=p`;

  /** A leg whose flow opens with that result. */
  function watched(result: HopResult, states: readonly string[] = ['registered']): readonly Staged[] {
    const moved: Staged[] = [];
    const left = [...states];
    const state = (): string => (left.length > 1 ? left.shift() : left[0]) ?? '';
    const use = (_: number, onResult: (result: HopResult) => void): void => onResult(result);
    const leg = { leg: 'primary', state, hops: { use } } as unknown as RunningLeg;
    watchContact(leg, contact, 16_000, (change) => moved.push(change));
    return moved;
  }
  const hop = (contactHostPort: string): HopResult => ({ hop: { contactHostPort } as LegHop });

  it('is left alone where its Contact leads to it', () => {
    expect(watched(hop('198.51.100.7:5062'))).toEqual([]);
  });

  it('tells when address or port are others', () => {
    const moved = { leg: 'primary', what: 'contact', was: '198.51.100.7:5062', is: '198.51.100.7:5064' };
    expect(watched(hop('198.51.100.7:5064'))).toEqual([moved]);
    expect(watched(hop('[2001:db8::1]:5062'))).toMatchObject([{ is: '[2001:db8::1]:5062' }]);
    // Its refresh is due at once, and waits for the same flow.
    expect(watched(hop('198.51.100.7:5064'), ['registered', 'refreshing'])).toEqual([moved]);
  });

  it('says nothing where no flow opens, or where the leg no longer relies on the old one', () => {
    expect(watched({ failure: { reason: 'error', detail: '' } })).toEqual([]);
    expect(watched(hop('198.51.100.7:5064'), ['registered', 'unregistering'])).toEqual([]);
    expect(watched(hop('198.51.100.7:5064'), ['registering'])).toEqual([]);
  });
});
