import type { Ambient } from '@offhook/core';

/** Ways in which an answer can be wrong. */
export type NonsenseKind =
  /** Random bytes. */
  | 'garbage'
  /** Cut off in the middle of a header line. */
  | 'truncated'
  /** CSeq of another request. */
  | 'wrong-cseq'
  /** CSeq that is no number. */
  | 'bad-cseq'
  /** Branch of another transaction. */
  | 'wrong-branch'
  /** Neither From, To nor Call-ID. */
  | 'missing-headers'
  /** A status line that is none. */
  | 'bad-status'
  /** A Content-Length far beyond the body. */
  | 'long-body';

export const nonsenseKinds: readonly NonsenseKind[] = [
  'garbage',
  'truncated',
  'wrong-cseq',
  'bad-cseq',
  'wrong-branch',
  'missing-headers',
  'bad-status',
  'long-body',
];

const text = new TextEncoder();
const fromText = new TextDecoder();

/** Spoils a good answer. */
export function spoil(kind: NonsenseKind, answer: Uint8Array, ambient: Pick<Ambient, 'random'>): Uint8Array {
  const good = fromText.decode(answer);
  const changed = (pattern: RegExp, by: string): Uint8Array => text.encode(good.replace(pattern, by));
  switch (kind) {
    case 'garbage':
      return Uint8Array.from({ length: 200 }, () => 128 + Math.floor(ambient.random() * 128));
    case 'truncated':
      return answer.slice(0, good.indexOf('Call-ID') + 4);
    case 'wrong-cseq':
      return changed(/^CSeq: *\d+/im, 'CSeq: 4711');
    case 'bad-cseq':
      return changed(/^CSeq: *\d+/im, 'CSeq: many');
    case 'wrong-branch':
      return changed(/branch=[^;\r\n]+/, 'branch=z9hG4bKof.somebody.else');
    case 'missing-headers':
      return changed(/^(?:From|To|Call-ID):.*\r\n/gim, '');
    case 'bad-status':
      return changed(/^SIP\/2\.0 \d+/, 'SIP/2.0 2OO');
    case 'long-body':
      return changed(/^Content-Length: *\d+/im, 'Content-Length: 9999');
  }
}
