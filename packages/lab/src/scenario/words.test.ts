import { expect, test } from 'vitest';
import { names, readSeconds, record, seconds } from './words.ts';

test.each([
  [90, 90],
  ['90', 90],
  ['0.5', 0.5],
  ['500ms', 0.5],
  ['90s', 90],
  ['15m', 900],
  ['1h30m', 5_400],
  ['1d', 86_400],
])('a span %j is %s s', (written, found) => expect(readSeconds(written)).toBe(found));

test.each([-1, '', 'soon', '1x', '5 minutes', true, null, undefined, Number.NaN])('%j is no span', (written) => {
  expect(readSeconds(written)).toBeUndefined();
  expect(seconds.safeParse(written).error?.issues[0]?.message).toContain('seconds');
});

test('a name may be written as a number, alone or in a list', () => {
  expect(names.parse(1001)).toEqual(['1001']);
  expect(names.parse(['1001', 1002])).toEqual(['1001', '1002']);
  expect(names.safeParse([]).success).toBe(false);
  expect(names.safeParse({}).success).toBe(false);
});

test('a record is a line of a zone file', () => {
  expect(record.parse('sip.example.net. 60 IN A 10.0.0.1')).toEqual({
    name: 'sip.example.net',
    ttlS: 60,
    type: 'A',
    address: '10.0.0.1',
  });
  expect(record.parse('_sip._udp.example.net SRV 10 1 5060 s1.example.net')).toEqual({
    name: '_sip._udp.example.net',
    ttlS: 3_600,
    type: 'SRV',
    priority: 10,
    weight: 1,
    port: 5_060,
    target: 's1.example.net',
  });
  expect(record.parse('example.net 60 NAPTR 50 10 "s" "SIP+D2U" "" _sip._udp.example.net')).toMatchObject({
    order: 50,
    preference: 10,
    services: 'SIP+D2U',
    regexp: '',
    replacement: '_sip._udp.example.net',
  });
  for (const text of ['sip.example.net', 'a A b', 'a SRV 1 5060 b', 'a NAPTR 1 1 "s" "SIP+D2U" ""'])
    expect(record.safeParse(text).success, text).toBe(false);
});
