import type { ExtConfig, LineConfig } from '../config/line.ts';
import type { CandidateMark, Leg } from './decision.ts';
import type { PluginManifest } from './manifest.ts';
import type { ListFacts, ListRule } from './ranked-list.ts';

/** What a mechanism can rule on a line. @source architecture section 6 */
export type Aspect = 'bindings' | 'route' | 'recovery' | 'subscriptions';
export type Hold = 'exclusive' | 'shared';

/** One claim of a mechanism on one line, with the sentence it rests on. */
export interface Claim {
  readonly aspect: Aspect;
  readonly hold: Hold;
  /** The manual's sentence (our words) and where it stands. */
  readonly because: string;
  /** Which parameter to set to what so that the claim goes away. */
  readonly remedy: string;
  /** Key of the line parameter that raises the claim: where a finding points to. */
  readonly parameter?: keyof ExtConfig;
}

/** A documented relation to another mechanism, by name. */
export interface Relation {
  readonly mechanism: string;
  readonly because: string;
  readonly remedy: string;
}

/** Something in the line's configuration that does not go well with a mechanism which rules it. */
export interface Advice {
  readonly severity: 'warning' | 'info';
  /** Key of the line parameter it is about. */
  readonly parameter: keyof ExtConfig;
  readonly allowed: string;
  /** What follows from the value, and where that stands. */
  readonly message: string;
  readonly remedy: string;
}

export interface MechanismManifest extends PluginManifest {
  readonly kind: 'mechanism';
  /** Human name: `Dual Registration`. */
  readonly title: string;
  /** Pure: the aspects of that line it would rule; empty when the line does not ask for it. */
  claims(line: LineConfig): readonly Claim[];
  /** On a clash it stays in force and the others are refused; without it none of two clashing mechanisms wins. */
  readonly holds?: true;
  /** False: known by its claims only, nothing implements it yet. */
  readonly available?: false;
  readonly excludes?: readonly Relation[];
  /** Mechanisms that must be enabled on the same line. */
  readonly requires?: readonly Relation[];
  /** Documented to work together: claims do not clash when both sides say so. */
  readonly complements?: readonly Relation[];
  /** Parameters that have this value on every line it rules; a line that sets another one by itself is told. */
  readonly forces?: Readonly<Partial<ExtConfig>>;
  /** Pure, asked of a line it rules: what of the configuration goes against it. */
  advise?(line: LineConfig): readonly Advice[];
}

/** How a request ended. @source redundancy reference section 5.8 */
export type OutcomeClass = 'no-response' | 'transport' | 'disconnect' | 'rsc' | 'reject';

/** What a mechanism may know when it decides. */
export interface LineFacts {
  readonly nowMs: number;
  /** In configured order; `primary` first. */
  readonly candidates: readonly CandidateMark[];
  readonly makeCallWithoutReg: boolean;
  /** Register = Yes. */
  readonly registers: boolean;
  /** Of a line whose servers are a ranked list: its candidates are the servers, all of the leg `primary`. */
  readonly list?: ListFacts;
}

export type RouteEvent =
  | { readonly type: 'request.new'; readonly method: string }
  | {
      readonly type: 'request.failed';
      readonly method: string;
      /** Legs this request has been sent to, in order. */
      readonly tried: readonly Leg[];
      /** Servers it has been sent to, in order. */
      readonly servers: readonly string[];
      readonly outcome: OutcomeClass;
      readonly status?: number;
    };

export type RouteVerdict =
  | {
      readonly next: 'send';
      readonly leg: Leg;
      /** Of a ranked list: which one; the current server unless told. Sending to another one moves the route there. */
      readonly server?: string;
      /** The leg registers there before the request is sent (D-15). */
      readonly register?: true;
      readonly rule: string;
      readonly source: string;
    }
  /** Nothing is sent; the caller gets `status` and `reason`. */
  | { readonly next: 'refuse'; readonly status: number; readonly reason: string; readonly rule: string; readonly source: string }
  /** Held until a leg registers, at most `forMs`. */
  | { readonly next: 'queue'; readonly forMs: number; readonly rule: string; readonly source: string }
  /** The failure goes to the caller. `exhausted`: every server of the list has been tried, its marks are cleared. */
  | { readonly next: 'deliver'; readonly exhausted?: true; readonly rule: string; readonly source: string };

/** Rules a line's fallback. `decide` is pure and total; the line chart executes and explains. */
export interface Mechanism {
  readonly manifest: MechanismManifest;
  decide(facts: LineFacts, event: RouteEvent): RouteVerdict;
  /** Rules a ranked list; a mechanism without it leaves lists to the built-in rules. */
  readonly list?: ListRule;
}

/** The one thing a mechanism plugin exports beside its manifest. */
export type MechanismFactory = () => Mechanism;
