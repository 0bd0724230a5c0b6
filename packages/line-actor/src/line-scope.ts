import type {
  Ambient,
  Bus,
  CallStore,
  CandidateMark,
  FactKind,
  Flow,
  Leg,
  LineConfig,
  LineFacts,
  LineKey,
  LineStore,
  OutcomeClass,
  RouteEvent,
  RouteVerdict,
  Subjects,
} from '@offhook/core';
import type { SipTimers, TransactionLayer } from '@offhook/sip';
import type { DecisionDraft } from './decision.ts';
import type { LineHost } from './host.ts';
import type { Identity, LegIdentity } from './identity.ts';
import type { FactValues } from './json-schemas.ts';
import type { RunningLeg } from './leg.ts';
import type { EdgeAt, LegHops } from './leg-hop.ts';
import type { ListRoute } from './list-route.ts';
import type { Place, Placed, SendVerdict } from './place.ts';
import type { RequestRoute } from './route.ts';

/** What the parts of one line need of it. */
export interface LineScope {
  readonly config: LineConfig;
  readonly key: LineKey;
  readonly identity: Identity;
  readonly timers: SipTimers;
  /** Challenges answered per request. */
  readonly maxAuth: number;
  readonly ambient: Ambient;
  readonly bus: Bus;
  readonly subjects: Subjects;
  /** The edge that owns this line's sockets. */
  readonly edgeAt: EdgeAt;
  /** Its flows may outlive the process: in a cluster. */
  readonly outlives: boolean;
  readonly host: LineHost;
  readonly store: LineStore | undefined;
  readonly callStore: CallStore | undefined;
  readonly layer: TransactionLayer;
  readonly legs: readonly RunningLeg[];
  /** Of a line whose servers are a ranked list. */
  readonly list: ListRoute | undefined;
  leg(name: Leg): RunningLeg | undefined;
  candidates(): readonly CandidateMark[];
  /** Where new requests of a leg go. */
  placeNow(leg: RunningLeg): Place;
  /** Every server that requests may leave to. */
  places(): readonly Place[];
  /** The last call has ended. */
  callsEnded(): void;
  /** What the mechanism may know. */
  facts(): LineFacts;
  /** The way to the server of a verdict; at once, or when the registration that has to come first has ended (D-15). */
  place(verdict: SendVerdict, use: (placed: Placed) => void): void;
  /** A request ended badly at a server, and what was decided then. */
  failedAt(leg: Leg, server: string, method: string, outcome: OutcomeClass): void;
  follow(verdict: RouteVerdict, failed: string): void;
  /** Runs it when no recovery is under way (6.3 recovering). */
  whenSettled(run: () => void): void;
  /** The mechanism's answer, or that of the tables of a single server. Pure. */
  decide(facts: LineFacts, event: RouteEvent): RouteVerdict;
  note(draft: DecisionDraft): void;
  /** A fact that nobody listens to is not written down. */
  publish<Kind extends FactKind>(kind: Kind, fact: () => FactValues[Kind]): void;
  route(method: string, id?: string): RequestRoute;
  /** Hands bytes to the edge: what is no SIP message. */
  send(flow: Flow, bytes: Uint8Array): void;
  /** A call was taken there: what follows the route goes along. */
  inviteAccepted(leg: Leg): void;
  /** Flows of a leg to a server. */
  hopsTo(leg: Leg, target: LegIdentity['target']): LegHops;
  /** The Contact of a leg is another one: what was told the old one cannot go on. */
  contactMoved(leg: Leg): void;
  /** A part threw: the line is to be restarted. */
  fail(error: unknown): void;
}
