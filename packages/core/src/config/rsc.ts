import type { Finding } from './finding.ts';

/**
 * Response status code templates: which final responses send a request to a backup server, or a REGISTER to the short retry.
 * @source redundancy reference section 5.3; D-05, D-06, D-17
 */
export interface RscTemplate {
  /** Patterns that can be matched: digits, `?` and `*` only. */
  readonly patterns: readonly string[];
  /** `BT` was given: re-register on failover and recovery (D-17). */
  readonly reRegisters: boolean;
  /** About single tokens; `path` is empty, the caller knows which parameter it read. */
  readonly findings: readonly Finding[];
}

const rscMaxLength = 39;
const grammar = `comma-separated codes of digits, ? (one character) and * (any run), at most ${rscMaxLength} characters`;
const deprecatedToken = 'BT';

function finding(severity: Finding['severity'], code: Finding['code'], seen: string, message: string, remedy: string): Finding {
  return { severity, code, path: '', seen, allowed: grammar, message, remedy };
}

/** Total: a bad token costs that token only, the others are kept. The empty template has no pattern. */
export function parseRscTemplate(text: string): RscTemplate {
  const patterns: string[] = [];
  const findings: Finding[] = [];
  let reRegisters = false;
  let end = -1;
  for (const raw of text.trim() === '' ? [] : text.split(',')) {
    end += raw.length + 1;
    const token = raw.trim();
    if (end > rscMaxLength) {
      findings.push(
        finding(
          'error',
          'rsc.too-long',
          token,
          `The pattern lies beyond ${rscMaxLength} characters and is left out.`,
          'Shorten the template.',
        ),
      );
    } else if (token === deprecatedToken) {
      reRegisters = true;
      findings.push(
        finding(
          'warning',
          'rsc.bt-deprecated',
          token,
          'BT is read as Auto Register When Failover = Yes and matches no code.',
          'Set Auto Register When Failover to Yes and remove BT.',
        ),
      );
    } else if (/^[\d?*]+$/.test(token)) {
      patterns.push(token);
    } else {
      findings.push(
        finding(
          'error',
          'rsc.token',
          token === '' ? 'an empty pattern' : token,
          'The pattern is left out, the others are kept.',
          'Correct the pattern.',
        ),
      );
    }
  }
  return { patterns, reRegisters, findings };
}

/** Glob over the three digits of a code. */
function matchesPattern(pattern: string, code: string): boolean {
  const head = pattern[0];
  if (head === undefined) return code === '';
  const rest = pattern.slice(1);
  if (head === '*') return matchesPattern(rest, code) || (code !== '' && matchesPattern(pattern, code.slice(1)));
  return code !== '' && (head === '?' || head === code[0]) && matchesPattern(rest, code.slice(1));
}

/**
 * Whether a final response matches. 1xx and 2xx never do; challenges, redirects and in-dialog responses are the caller's to leave out.
 * @source redundancy reference section 5.3
 */
export function matchesRsc(template: string | RscTemplate, status: number): boolean {
  if (!(status >= 300 && status <= 699)) return false;
  const { patterns } = typeof template === 'string' ? parseRscTemplate(template) : template;
  const code = String(status);
  return patterns.some((pattern) => matchesPattern(pattern, code));
}
