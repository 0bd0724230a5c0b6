import type { HeaderFields, SipRequest } from '@offhook/sip';
import type { NonsenseKind } from './nonsense.ts';

/** One response of a scripted answer. */
export interface AnswerStep {
  readonly status: number;
  /** Since the request arrived, ms; 0 unless told. */
  readonly afterMs?: number;
  readonly reason?: string;
  /** Adds Retry-After, s. */
  readonly retryAfterS?: number;
  readonly headers?: HeaderFields;
  readonly body?: Uint8Array;
}

/** Which requests a script applies to, and how often. */
export interface ScriptOptions {
  /** That many requests (repetitions of one count once), then it is over; without end unless told. */
  readonly times?: number;
  /** Only requests this holds for. */
  readonly when?: (request: SipRequest) => boolean;
}

export interface AnswerOptions extends ScriptOptions, Omit<AnswerStep, 'status' | 'afterMs'> {
  /** Since the request arrived, ms. */
  readonly delayMs?: number;
}

/** What a script makes of a request. */
export type Act =
  | { readonly type: 'answer'; readonly steps: readonly AnswerStep[] }
  | { readonly type: 'silence' }
  /** As without a script, but later. */
  | { readonly type: 'delay'; readonly delayMs: number }
  | { readonly type: 'nonsense'; readonly nonsense: NonsenseKind };

/** What a server does instead of its job; a later script goes before an earlier one. */
export interface Script {
  /** `method` may be `*`. */
  add(method: string, act: Act, options: ScriptOptions): void;
  /** Ends the scripts of one method, or all. */
  clear(method?: string): void;
  /** Takes the act for a new request and counts it. */
  take(request: SipRequest): Act | undefined;
}

interface Rule {
  readonly method: string;
  readonly act: Act;
  readonly when: (request: SipRequest) => boolean;
  left: number;
}

export function createScript(): Script {
  let rules: Rule[] = [];
  return {
    add(method, act, { times = Number.POSITIVE_INFINITY, when = () => true }) {
      rules.unshift({ method, act, when, left: times });
    },
    clear(method) {
      rules = method === undefined ? [] : rules.filter((rule) => rule.method !== method);
    },
    take(request) {
      const rule = rules.find(
        ({ method, when, left }) => left > 0 && (method === '*' || method === request.method) && when(request),
      );
      if (rule === undefined) return undefined;
      rule.left--;
      return rule.act;
    },
  };
}

/** The steps of `answer(method, status, options)`. */
export function stepsOf(answer: number | readonly AnswerStep[], options: AnswerOptions): readonly AnswerStep[] {
  if (typeof answer !== 'number') return answer;
  const { delayMs = 0, reason, retryAfterS, headers, body } = options;
  return [
    {
      status: answer,
      afterMs: delayMs,
      ...(reason !== undefined && { reason }),
      ...(retryAfterS !== undefined && { retryAfterS }),
      ...(headers !== undefined && { headers }),
      ...(body !== undefined && { body }),
    },
  ];
}
