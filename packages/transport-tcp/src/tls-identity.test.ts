import { describe, expect, it } from 'vitest';
import { isCertificateOf, namesIn } from './tls-identity.ts';

const names = (subjectaltname: string) => ({ subject: { CN: 'common.example' }, subjectaltname });

describe('the identity of a certificate (RFC 5922 section 7)', () => {
  it.each([
    ['DNS:sip-a.example', 'sip-a.example'],
    ['DNS:SIP-A.example', 'sip-a.EXAMPLE.'],
    ['DNS:b.example, URI:sip:a.example', 'a.example'],
    ['URI:SIP:a.example', 'a.example'],
    ['IP Address:192.0.2.1', '192.0.2.1'],
    ['IP Address:2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['IP Address:FE80:0:0:0:0:0:0:1', 'fe80::1%eth0'],
  ])('%s is that of %s', (subjectaltname, server) => {
    expect(isCertificateOf(names(subjectaltname), server)).toBe(true);
  });

  it.each([
    ['DNS:other.example', 'a.example'],
    ['DNS:*.example', 'a.example'],
    ['DNS:*.example', '*.example'],
    ['DNS:example', 'a.example'],
    ['DNS:a.example.evil', 'a.example'],
    ['DNS:192.0.2.1', '192.0.2.1'],
    ['IP Address:192.0.2.1', '192.0.2.10'],
    ['URI:sips:a.example', 'a.example'],
    ['URI:sip:anna@a.example', 'a.example'],
    ['URI:sip:a.example:5061', 'a.example'],
    ['URI:https://a.example', 'a.example'],
    ['DNS:"b\\u002cDNS:a.example"', 'a.example'],
    ['DNS:"b, DNS:a.example"', 'a.example'],
    ['DNS:b.example', 'common.example'],
    ['IP Address:192.0.2.1', 'common.example'],
    ['', ''],
  ])('%s is not that of %s', (subjectaltname, server) => {
    expect(isCertificateOf(names(subjectaltname), server)).toBe(false);
  });

  it('is the common name where there is no other, and only for names', () => {
    expect(isCertificateOf({ subject: { CN: 'a.example' } }, 'a.example')).toBe(true);
    expect(isCertificateOf({ subject: { CN: ['b.example', 'a.example'] } }, 'a.example')).toBe(true);
    expect(isCertificateOf({ subject: { CN: '192.0.2.1' } }, '192.0.2.1')).toBe(false);
    expect(isCertificateOf({}, 'a.example')).toBe(false);
  });

  it('is listed for the administrator', () => {
    expect(namesIn(names('DNS:a.example, URI:sip:b.example, IP Address:192.0.2.1'))).toEqual([
      'a.example',
      'sip:b.example',
      '192.0.2.1',
    ]);
    expect(namesIn({ subject: { CN: 'a.example' } })).toEqual(['a.example']);
  });
});
