import { lineKey } from '@offhook/core';
import { describe, expect, it } from 'vitest';
import { routeMessage } from './route.ts';

const key = lineKey('anna');
const route = (text: string) => routeMessage(Buffer.from(text));
const requestTo = (uri: string) => route(`INVITE ${uri} SIP/2.0\r\nVia: x\r\n\r\n`);
const responseWith = (...lines: string[]) => route(['SIP/2.0 200 OK', ...lines, '', ''].join('\r\n'));
const branch = `branch=z9hG4bK${key}-abc`;

describe('routing a response', () => {
  const toLine = { to: 'line', key, kind: 'response' };

  it.each([
    ['the branch of the top Via', [`Via: SIP/2.0/UDP a:5060;${branch};rport`]],
    ['its compact form', [`v: SIP/2.0/UDP a;${branch}`]],
    ['a Via behind other fields', ['From: <sip:a@b>', 'Call-ID: via', `VIA : SIP/2.0/UDP a;${branch}`]],
    ['a folded Via', ['Via: SIP/2.0/UDP a', ` ;rport;${branch}`]],
    ['blanks around the equals sign', [`Via: SIP/2.0/UDP a ; ${branch.replace('=', ' = ')}`]],
    ['a branch in capitals', [`Via: SIP/2.0/UDP a;${branch.toUpperCase()}`]],
    ['the first of joined Vias', [`Via: SIP/2.0/UDP a;${branch}, SIP/2.0/UDP b;branch=z9hG4bKother`]],
  ])('finds the line in %s', (_name, lines) => {
    expect(responseWith(...lines)).toEqual(toLine);
  });

  it.each([
    ['has no Via', ['From: <sip:a@b>']],
    ['has no branch', ['Via: SIP/2.0/UDP a']],
    ['has a branch of somebody else', ['Via: SIP/2.0/UDP a;branch=z9hG4bK74bf9']],
    ['has our branch in a lower Via', ['Via: SIP/2.0/UDP b;branch=z9hG4bKother', `Via: SIP/2.0/UDP a;${branch}`]],
    ['has our branch behind a comma', [`Via: SIP/2.0/UDP b, SIP/2.0/UDP a;${branch}`]],
    ['names the branch in its body', ['Via: SIP/2.0/UDP a', '', `Via: SIP/2.0/UDP a;${branch}`]],
  ])('finds nobody when it %s', (_name, lines) => {
    expect(responseWith(...lines)).toEqual({ to: 'nobody' });
  });
});

describe('routing a request', () => {
  it.each([
    `sip:anna@192.0.2.1:5060;line=${key};leg=p`,
    `sip:192.0.2.1;LINE=${key.toUpperCase()}`,
    `sips:anna;line=x@[2001:db8::1]:5061;transport=tcp;line=${key}?Subject=x`,
  ])('finds the line in %s', (uri) => {
    expect(requestTo(uri)).toEqual({ to: 'line', key, kind: 'request' });
  });

  it('skips empty lines before the start line (RFC 3261 section 7.5)', () => {
    expect(route(`\r\n\r\nBYE sip:h;line=${key} SIP/2.0\r\n\r\n`)).toEqual({ to: 'line', key, kind: 'request' });
  });

  it.each([
    ['sip:anna@h', 'anna'],
    ['sip:anna:secret@h;line=short', 'anna'],
    [`sip:anna;line=${key}@h`, `anna;line=${key}`],
    [`sip:anna@h?line=${key};line=${key}`, 'anna'],
    ['sip:a%20b@h', 'a b'],
    ['sip:a%zz@h', 'a%zz'],
    ['tel:+1-201-555-0123;phone-context=x', '+1-201-555-0123'],
  ])('asks the directory for the user of %s', (uri, user) => {
    expect(requestTo(uri)).toEqual({ to: 'directory', user });
  });

  it.each(['sip:192.0.2.1', 'sip:192.0.2.1:5060;line=tooshort', 'http://example.com/a@b'])('keeps %s for the edge', (uri) => {
    expect(requestTo(uri)).toEqual({ to: 'edge' });
  });
});

describe('anything else', () => {
  it.each([
    '',
    '\r\n',
    'INVITE',
    'INVITE sip:a@b\r\n\r\n',
    'INVITE sip:a@b SIP/2.1\r\n\r\n',
    'INVITE  sip:a@b SIP/2.0\r\n\r\n',
    '\u0000\u00ff',
  ])('goes to the parser: %j', (text) => {
    expect(route(text)).toEqual({ to: 'parser' });
  });

  it('takes linear time', () => {
    const hostile = [
      `SIP/2.0 200 OK\r\n${'Via:'.repeat(15_000)}`,
      `SIP/2.0 200 OK\r\nVia:${' ;branch = '.repeat(6_000)}\r\n\r\n`,
      `A ${';line='.repeat(10_000)} SIP/2.0\r\n`,
    ];
    const startedAt = performance.now();
    for (const text of hostile) route(text);
    expect(performance.now() - startedAt).toBeLessThan(200);
  });
});
