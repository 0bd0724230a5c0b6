import fc from 'fast-check';
import { buildRequest, buildResponse } from '../../src/codec/build-message.ts';
import type { NameAddr, RequestDraft } from '../../src/codec/message.ts';
import { formatNameAddr } from '../../src/codec/name-addr.ts';
import { readRequest } from './messages.ts';

/** Well-formed messages of every shape. The seed is fixed, so that a run says the same each time. */
export const runs = (numRuns: number) => ({ seed: 20_010, numRuns });

const letters = 'abcdefghijklmnopqrstuvwxyz0123456789';
const pick = (alphabet: string, minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...alphabet), minLength, maxLength });

const word = pick(letters, 1, 12);
export const token = pick(`${letters}-.!%*_+\`'~`, 1, 16);
const user = fc.array(fc.oneof(pick(`${letters}-_.!~*'()&=+$,`, 1, 8), fc.constantFrom('%25', '%40', ';x=1', '%C3%BC')), {
  minLength: 1,
  maxLength: 3,
});
const label = fc.tuple(pick('abcxyz', 1, 1), word).map((parts) => parts.join(''));
const host = fc.oneof(
  fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join('.')),
  fc.ipV4(),
  fc.constantFrom('[2001:db8::9:1]', '[::1]', '[2001:db8:0:1:1:1:1:1]'),
);
const port = fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined });
const hostPort = fc.tuple(host, port).map(([name, number]) => (number === undefined ? name : `${name}:${number}`));
const uriParams = fc.uniqueArray(fc.constantFrom(';lr', ';transport=tcp', ';line=abc', ';user=phone'), { maxLength: 2 });

const uriOf = (name: fc.Arbitrary<readonly string[]>) =>
  fc
    .tuple(fc.constantFrom('sip', 'sips'), fc.option(name, { nil: undefined }), hostPort, uriParams)
    .map(([scheme, own, at, params]) => `${scheme}:${own === undefined ? '' : `${own.join('')}@`}${at}${params.join('')}`);
export const sipUri = uriOf(user);
/** One whose user part is letters and digits. */
export const plainUri = uriOf(fc.array(word, { minLength: 1, maxLength: 2 }));

/** Text of one line: all of Unicode but what ends a line; without blanks at its ends, which are not part of a value. */
export const lineText = fc.string({ unit: 'binary', maxLength: 30 }).map((text) => text.replace(/[\r\n\0]/g, '').trim());

const params = (tag: fc.Arbitrary<string | undefined>, text: fc.Arbitrary<string>) =>
  fc.tuple(tag, fc.array(fc.tuple(word, fc.oneof(token, text)), { maxLength: 2 })).map(([own, more]) => {
    const others = more.map(([name, value]) => [`x${name}`, value] as const);
    return new Map<string, string>([...(own === undefined ? [] : [['tag', own] as const]), ...others]);
  });

const method = fc.constantFrom('REGISTER', 'INVITE', 'OPTIONS', 'MESSAGE', 'SUBSCRIBE', 'BYE');
const body = fc.oneof(fc.constant(new Uint8Array()), fc.uint8Array({ maxLength: 80 }));
const branch = token.map((text) => `z9hG4bK${text}`);

export interface Sample {
  readonly draft: RequestDraft;
  readonly via: string;
  readonly branch: string;
  readonly callId: string;
  readonly number: number;
  readonly from: NameAddr;
  readonly to: NameAddr;
  readonly contacts: readonly NameAddr[];
}

/** Messages out of these URIs and this text. */
export function sampleOf(uri: fc.Arbitrary<string>, text: fc.Arbitrary<string>): fc.Arbitrary<Sample> {
  const address = (tag: fc.Arbitrary<string | undefined>): fc.Arbitrary<NameAddr> =>
    fc.record({ display: fc.oneof(fc.constant(''), text), uri, params: params(tag, text) });
  const parts = fc.record({
    line: fc.record({ method, uri, body }),
    branch,
    via: fc.tuple(fc.constantFrom('UDP', 'TCP', 'TLS'), hostPort).map(([transport, sentBy]) => `SIP/2.0/${transport} ${sentBy}`),
    callId: fc.tuple(token, word).map((halves) => halves.join('@')),
    number: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
    from: address(token),
    to: address(fc.option(token, { nil: undefined })),
    contacts: fc.array(address(fc.constant(undefined)), { maxLength: 3 }),
    subject: text,
  });
  return parts.map(({ line, via, subject, ...rest }) => ({
    ...rest,
    via: `${via};branch=${rest.branch}`,
    draft: { ...line, headers: [...essentials(line.method, rest), ['Subject', subject]] },
  }));
}

type Essentials = Pick<Sample, 'callId' | 'number' | 'from' | 'to' | 'contacts'>;
const essentials = (name: string, { callId, number, from, to, contacts }: Essentials): RequestDraft['headers'] => [
  ['From', formatNameAddr(from)],
  ['To', formatNameAddr(to)],
  ['Call-ID', callId],
  ['CSeq', `${number} ${name}`],
  ['Max-Forwards', '70'],
  ...contacts.map((contact) => ['Contact', formatNameAddr(contact)] as const),
];

export const sample = sampleOf(sipUri, lineText);

export const requestBytes = ({ draft, via }: Sample): Buffer => Buffer.from(buildRequest(draft, via));

/** A response to the sample, with the sample's contacts and body. */
export function responseBytes(from: Sample, status: number, reason: string): Buffer {
  const headers = from.draft.headers.filter(([name]) => name === 'Contact' || name === 'Subject');
  const { body: content = new Uint8Array() } = from.draft;
  return Buffer.from(buildResponse(readRequest(requestBytes(from)), { status, reason, toTag: 'server', headers, body: content }));
}
