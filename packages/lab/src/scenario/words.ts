import { isIpLiteral } from '@offhook/core';
import type { DnsRecord } from '@offhook/plugin-dns-srv';
import { z } from 'zod';

/* Values of a script as people write them. Each says what it takes when it is given something else. */

const units: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, min: 60, h: 3_600, d: 86_400 };
const spanPattern = /^(?:\d+(?:\.\d+)?(?:ms|s|min|m|h|d))+$/;

/** `90`, `90s`, `1h30m`, `500ms` as seconds; undefined for anything else. */
export function readSeconds(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? value : undefined;
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  if (!spanPattern.test(text)) return undefined;
  const sum = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|min|m|h|d)/g)].reduce(
    (total, [, amount, unit = 's']) => total + Number(amount) * (units[unit] ?? 1),
    0,
  );
  return Math.round(sum * 1_000) / 1_000;
}

/** A reader as a schema; `allowed` is what a refusal says. */
function read<T>(reader: (value: unknown) => T | undefined, allowed: string) {
  return z.unknown().transform((value, context): T => {
    const found = reader(value);
    if (found !== undefined) return found;
    context.issues.push({ code: 'custom', message: allowed, input: value });
    return z.NEVER;
  });
}

export const seconds = read(readSeconds, 'seconds, or a span such as 90s, 15m, 1h30m');

const readText = (value: unknown): string | undefined => {
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && text.trim() !== '' ? text.trim() : undefined;
};
/** A name or number; YAML reads a bare 1001 as a number. */
export const name = read(readText, 'a name or number');

/** One name or several. */
export const names = read((value) => {
  const found = (Array.isArray(value) ? value : [value]).map(readText);
  return found.length > 0 && found.every((each) => each !== undefined) ? (found as readonly string[]) : undefined;
}, 'a name, or a list of names');

export const status = z.int().min(100).max(699);

const recordPattern = /^(\S+?)\.?\s+(?:(\d+)\s+)?(?:IN\s+)?(A|AAAA|SRV|NAPTR|CNAME)\s+(.+)$/i;

/** The data of a record by its type; undefined when a part is missing. */
function readData(type: string, data: readonly string[]): object | undefined {
  const [one = '', two = '', three = '', four = ''] = data;
  const isNumber = (text: string): boolean => /^\d{1,5}$/.test(text);
  switch (type) {
    case 'A':
    case 'AAAA':
      return isIpLiteral(one) ? { type, address: one } : undefined;
    case 'CNAME':
      return one === '' ? undefined : { type, target: one };
    case 'SRV':
      if (![one, two, three].every(isNumber) || four === '') return undefined;
      return { type, priority: Number(one), weight: Number(two), port: Number(three), target: four };
    default: {
      const [flags = '', services = '', regexp = '', replacement] = data.slice(2).map((text) => text.replace(/^"(.*)"$/, '$1'));
      if (![one, two].every(isNumber) || replacement === undefined) return undefined;
      return { type, order: Number(one), preference: Number(two), flags, services, regexp, replacement };
    }
  }
}

/** A line of a zone file. @source RFC 1035 section 5.1 */
export const record: z.ZodType<DnsRecord> = read((value): DnsRecord | undefined => {
  const [, name, ttl, type = '', data = ''] = (typeof value === 'string' ? recordPattern.exec(value.trim()) : null) ?? [];
  const found = readData(type.toUpperCase(), data.trim().split(/\s+/));
  return name === undefined || found === undefined ? undefined : ({ name, ttlS: Number(ttl ?? 3_600), ...found } as DnsRecord);
}, 'a record such as sip.example.net 60 A 10.0.0.1');
