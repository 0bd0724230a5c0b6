import { isIpLiteral } from './server.ts';

/** An address, or all addresses that share its first bits. @source RFC 4632, RFC 4291 section 2.3 */
export interface Network {
  readonly bytes: readonly number[];
  readonly bits: number;
}

/** The 4 or 16 bytes of an IP literal, whose zone does not matter; undefined for other text. */
export function readAddress(text: string): readonly number[] | undefined {
  const [host = ''] = text.split('%', 1);
  if (!isIpLiteral(host)) return undefined;
  if (!host.includes(':')) return host.split('.').map(Number);
  const [head = '', tail] = host.split('::').map((half) => half.split(':').flatMap(groupBytes));
  const front = head === '' ? [] : head;
  if (tail === undefined) return front;
  return [...front, ...Array.from({ length: 16 - front.length - tail.length }, () => 0), ...tail];
}

function groupBytes(group: string): readonly number[] {
  if (group.includes('.')) return group.split('.').map(Number);
  if (group === '') return [];
  const value = Number.parseInt(group, 16);
  return [value >> 8, value & 0xff];
}

/** Reads `192.0.2.7`, `10.0.0.0/8` or `2001:db8::/32`; undefined for other text. */
export function readNetwork(text: string): Network | undefined {
  const match = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text);
  const bytes = readAddress(match?.[1] ?? '');
  if (bytes === undefined) return undefined;
  const bits = match?.[2] === undefined ? bytes.length * 8 : Number(match[2]);
  return bits <= bytes.length * 8 ? { bytes, bits } : undefined;
}

export function isInNetwork({ bytes, bits }: Network, address: readonly number[]): boolean {
  if (bytes.length !== address.length) return false;
  return bytes.every((byte, i) => {
    const shift = 8 - Math.min(Math.max(bits - i * 8, 0), 8);
    return byte >> shift === (address[i] ?? 0) >> shift;
  });
}
