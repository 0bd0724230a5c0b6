import { describe, expect, it } from 'vitest';
import { isInNetwork, readAddress, readNetwork } from './network.ts';

const isIn = (network: string, host: string): boolean => {
  const [parsed, address] = [readNetwork(network), readAddress(host)];
  if (parsed === undefined || address === undefined) throw new Error('cannot be read');
  return isInNetwork(parsed, address);
};

describe('an address', () => {
  it.each([
    ['192.0.2.7', [192, 0, 2, 7]],
    ['::', Array(16).fill(0)],
    ['::1', [...Array(15).fill(0), 1]],
    ['2001:db8::ff', [0x20, 1, 0xd, 0xb8, ...Array(11).fill(0), 0xff]],
    ['1:2:3:4:5:6:7:8', [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]],
    ['::ffff:192.0.2.7', [...Array(10).fill(0), 255, 255, 192, 0, 2, 7]],
    ['fe80::1%eth0', [0xfe, 0x80, ...Array(13).fill(0), 1]],
  ])('%s is read byte by byte', (text, bytes) => {
    expect(readAddress(text)).toEqual(bytes);
  });

  it.each(['', 'a.example', '1.2.3', '1.2.3.256', ':::', '1::2::3'])('%j is none', (text) => {
    expect(readAddress(text)).toBeUndefined();
  });
});

describe('a network', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7', true],
    ['192.0.2.7', '192.0.2.8', false],
    ['10.0.0.0/8', '10.255.0.1', true],
    ['10.0.0.0/8', '11.0.0.1', false],
    ['192.0.2.128/25', '192.0.2.200', true],
    ['192.0.2.128/25', '192.0.2.127', false],
    ['0.0.0.0/0', '203.0.113.9', true],
    ['0.0.0.0/0', '::1', false],
    ['2001:db8::/33', '2001:db8:7fff::1', true],
    ['2001:db8::/33', '2001:db8:8000::1', false],
  ])('%s, asked for %s: %s', (network, host, expected) => {
    expect(isIn(network, host)).toBe(expected);
  });

  it.each(['10.0.0.0/33', '10.0.0.0/', '/8', '10.0.0.0/8/8', 'a.example/8', '::/129'])('%j is none', (text) => {
    expect(readNetwork(text)).toBeUndefined();
  });
});
