import {
  type Apply,
  autoMechanism,
  type Change,
  ConfigError,
  type Finding,
  type LineConfig,
  PolicyConflictError,
  stageLine,
} from '@offhook/core';
import type { Refusal, WaitingChange } from '@offhook/line-actor';
import { type JudgeLine, type LinePolicy, refusalsOf } from './policies.ts';

/** What is to be in force on a line that asks for a mechanism. */
export interface MechanismAnswer {
  readonly line: string;
  /** The new value of X Mechanism. */
  readonly mechanism: string;
  /** What rules the line once it is in force; undefined: it runs `single`. */
  readonly rules?: string;
  /** It is not in force before the line has been restarted. */
  readonly restartRequired: boolean;
  /** What is worth knowing of it. */
  readonly findings: readonly Finding[];
}

/** Of nearly every line. */
const nothing: readonly never[] = [];

/**
 * What one line is to be, what of that is in force, and what waits for what. It changes nothing but itself.
 * @source redundancy reference sections 3.11, 6.10; D-11, D-28
 */
export class LineSettings {
  /** All that the configuration says. */
  wanted: LineConfig;
  /** What of it counts now. */
  private active: LineConfig;
  private readonly judge: JudgeLine;
  /** Of what is in force. */
  policy: LinePolicy;
  /** Mechanisms that were asked for while the line runs, and refused. */
  private asked: readonly Refusal[] = [];

  constructor(config: LineConfig, judge: JudgeLine) {
    this.judge = judge;
    this.wanted = config;
    this.active = config;
    this.policy = judge(config);
  }

  /** As the line runs it. */
  get config(): LineConfig {
    return this.policy.line;
  }

  get refusals(): readonly Refusal[] {
    const { policy, asked } = this;
    return asked.length === 0 ? policy.refusals : [...policy.refusals, ...asked];
  }

  /** What differs between the two. */
  changes(): readonly Change[] {
    if (this.active === this.wanted) return nothing;
    return stageLine(this.active, this.wanted).changes;
  }

  waiting(): readonly WaitingChange[] {
    const changes = this.changes();
    if (changes.length === 0) return nothing;
    return changes.map((change) => ({ ...change, until: change.apply === 'restart' ? 'restart' : 'last-call' }));
  }

  /** Puts in force what may be: all but what belongs to the classes held. Answers with what has changed by that. */
  take(hold: readonly Apply[]): readonly Change[] {
    const { active, changes } = stageLine(this.active, this.wanted, hold);
    this.active = active;
    this.policy = this.judge(active);
    return changes.filter(({ apply }) => !hold.includes(apply));
  }

  /** A line that begins anew has been told nothing yet. */
  forgetAsked(): void {
    this.asked = [];
  }

  /**
   * Asks for a mechanism: the registry judges the line as it would then be. Admitted, it waits for the restart; refused, nothing changes.
   * @throws PolicyConflictError `E_POLICY_CONFLICT`, ConfigError `E_POLICY_UNAVAILABLE`, with the findings
   */
  ask(mechanism: string): MechanismAnswer {
    const { wanted } = this;
    const written = new Set([...(wanted.written ?? []), 'xMechanism']);
    const next: LineConfig = Object.freeze({
      ...wanted,
      ext: Object.freeze({ ...wanted.ext, xMechanism: mechanism }),
      written,
    });
    const { faults, line, ruledBy } = this.judge(next);
    // What clashes whatever is asked for (SRV beside Dual Registration) is no answer to this question.
    const before = new Set(
      this.judge({ ...next, ext: { ...next.ext, xMechanism: autoMechanism } }).faults.map(({ message }) => message),
    );
    const own = faults.filter(({ message }) => !before.has(message));
    if (own.length > 0) this.refuse(own);
    this.wanted = next;
    this.asked = [];
    return {
      line: wanted.id,
      mechanism,
      ...(ruledBy === undefined ? {} : { rules: ruledBy }),
      restartRequired: this.changes().some(({ apply }) => apply === 'restart'),
      findings: (line.findings ?? []).filter(({ code }) => code.startsWith('policy.')),
    };
  }

  private refuse(findings: readonly Finding[]): never {
    const refusals = refusalsOf(findings);
    const isKnown = (refusal: Refusal): boolean => this.refusals.some(({ message }) => message === refusal.message);
    this.asked = [...this.asked, ...refusals.filter((refusal) => !isKnown(refusal))];
    const message = findings.map((finding) => `line ${this.wanted.id}: ${finding.message} ${finding.remedy}`).join('\n');
    if (findings.some(({ code }) => code === 'policy.conflict')) throw new PolicyConflictError(message, { findings });
    throw new ConfigError('E_POLICY_UNAVAILABLE', message, { findings });
  }
}
