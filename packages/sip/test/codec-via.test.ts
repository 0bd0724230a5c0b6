import { describe, expect, it } from 'vitest';
import { readVia, stampVia } from '../src/codec/via.ts';
import { read, verdict } from './support/messages.ts';

const plain = (text: string) => {
  const via = readVia(text);
  return via && [via.protocol, via.host, via.port, via.branch];
};

describe('Via (RFC 3261 section 20.42)', () => {
  it.each([
    ['SIP/2.0/UDP h.example.com;branch=z9hG4bK1', ['UDP', 'h.example.com', undefined, 'z9hG4bK1']],
    ['SIP/2.0/tcp 192.0.2.1:5070;branch=z9hG4bK1', ['TCP', '192.0.2.1', 5070, 'z9hG4bK1']],
    ['SIP/2.0/TLS [2001:db8::1]:5061;branch=z9hG4bK1', ['TLS', '2001:db8::1', 5061, 'z9hG4bK1']],
    ['SIP/2.0/UDP [2001:db8::1];branch=z9hG4bK1', ['UDP', '2001:db8::1', undefined, 'z9hG4bK1']],
    ['SIP / 2.0 / UDP  h : 5060 ; branch = z9hG4bK1 ', ['UDP', 'h', 5060, 'z9hG4bK1']],
    ['SIP/2.0/X-new h', ['X-NEW', 'h', undefined, undefined]],
    ['SIP/2.0/UDP h;BRANCH=z9hG4bK1;ttl=1', ['UDP', 'h', undefined, 'z9hG4bK1']],
    ['SIP/2.0/UDP my_host;branch=', ['UDP', 'my_host', undefined, undefined]],
  ])('is read from %j', (text, expected) => {
    expect(plain(text)).toEqual(expected);
  });

  it.each([
    '',
    'SIP/2.0/UDP',
    'SIP/2.0 h',
    'UDP h',
    'SIP/2.0/UDP h:',
    'SIP/2.0/UDP h:0',
    'SIP/2.0/UDP h:65536',
    'SIP/2.0/UDP [::1',
    'SIP/2.0/UDP ::1',
    'SIP/2.0/UDP h i',
    ', SIP/2.0/UDP h',
  ])('cannot be read from %j, and nobody can be answered', (text) => {
    expect(readVia(text)).toBeUndefined();
    expect(verdict({ over: { Via: `Via: ${text}` } })).toBe('bad-via');
  });

  it('that is missing means that nobody can be answered', () => {
    expect(verdict({ over: { Via: undefined } })).toBe('missing-via');
  });

  it('of several is the top one, on one line or many (M7)', () => {
    const joined = 'Via: SIP/2.0/UDP a;branch=z9hG4bKa, SIP/2.0/UDP b;branch=z9hG4bKb';
    const message = read({ over: { Via: joined }, more: ['v: SIP/2.0/UDP c;branch=z9hG4bKc'] });
    expect(message.via.branch).toBe('z9hG4bKa');
    expect(message.headers('Via').map((value) => readVia(value)?.branch)).toEqual(['z9hG4bKa', 'z9hG4bKb', 'z9hG4bKc']);
  });

  it('may be malformed below the top: that one is not ours to answer (P6)', () => {
    expect(read({ more: ['Via: nonsense'] }).headers('Via')[1]).toBe('nonsense');
  });
});

describe('the Via of a response (RFC 3261 section 18.2.1, RFC 3581 section 4)', () => {
  const stamp = (via: string, host = '203.0.113.9', port = 4711) => stampVia(via, host, port);

  it('names the true source where the host of the client says something else', () => {
    expect(stamp('SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKx')).toBe('SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKx;received=203.0.113.9');
    expect(stamp('SIP/2.0/UDP pc.example.com;branch=z9hG4bKx')).toMatch(/;received=203\.0\.113\.9$/);
  });

  it('stays as it is when the host is the source and no port is asked for', () => {
    const via = 'SIP/2.0/UDP 203.0.113.9:5060;branch=z9hG4bKx';
    expect(stamp(via)).toBe(via);
  });

  it('fills rport in, and names the source then even if it is the same (RFC 3581 section 4)', () => {
    expect(stamp('SIP/2.0/UDP 203.0.113.9;rport;branch=z9hG4bKx')).toBe(
      'SIP/2.0/UDP 203.0.113.9;branch=z9hG4bKx;received=203.0.113.9;rport=4711',
    );
  });

  it('says nothing of what the client claims about itself', () => {
    expect(stamp('SIP/2.0/UDP 10.0.0.1;received=1.2.3.4;rport=1;branch=z9hG4bKx')).toBe(
      'SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKx;received=203.0.113.9;rport=4711',
    );
    expect(stamp('SIP/2.0/UDP 203.0.113.9;Received=1.2.3.4')).toBe('SIP/2.0/UDP 203.0.113.9');
  });

  it('writes an IPv6 source without brackets, and knows it for the host in brackets (section 25.1)', () => {
    expect(stamp('SIP/2.0/UDP [2001:db8::1];rport', '2001:DB8::1')).toBe(
      'SIP/2.0/UDP [2001:db8::1];received=2001:DB8::1;rport=4711',
    );
    expect(stamp('SIP/2.0/UDP [2001:db8::1]', '2001:DB8::1')).toBe('SIP/2.0/UDP [2001:db8::1]');
  });

  it('keeps parameters it does not know, quoted ones whole', () => {
    expect(stamp('SIP/2.0/UDP 203.0.113.9;x="a;rport=1";branch=z9hG4bKx')).toBe(
      'SIP/2.0/UDP 203.0.113.9;x="a;rport=1";branch=z9hG4bKx',
    );
  });

  it('that cannot be read stays as it is', () => {
    expect(stamp('nonsense;rport')).toBe('nonsense;rport');
  });
});
