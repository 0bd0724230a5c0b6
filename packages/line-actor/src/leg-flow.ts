import type { LegFacts } from '@offhook/core';
import { hostPortOf } from './identity.ts';
import type { HopResult, LegHops } from './leg-hop.ts';
import type { LineScope } from './line-scope.ts';
import { isBound, type RegistrationEvent, type RegistrationRecord, type RegistrationSettings } from './registration.types.ts';

/** The flow that a binding was made on, and the edge that has it. */
export type KeptFlow = Pick<LegFacts, 'edge' | 'flow'>;

/** The leg that asks. */
export interface AskingLeg {
  readonly line: Pick<LineScope, 'ambient' | 'edgeAt'>;
  readonly hops: LegHops;
  readonly settings: RegistrationSettings;
  readonly record: RegistrationRecord;
  /** Contact URI of the binding. */
  readonly registeredContact: string;
  send(event: RegistrationEvent): void;
}

const noFlow: KeptFlow = {};

/** What the binding of one leg relies on at its edge, in a cluster. @source redundancy reference 5.1, D-46, D-48 */
export class LegFlow {
  /** Of an earlier life, until this one has a flow of its own. */
  private kept: KeptFlow;
  /** Only the latest question counts. */
  private asked = 0;

  constructor({ edge, flow }: KeptFlow) {
    this.kept = edge === undefined || flow === undefined ? noFlow : { edge, flow };
  }

  get mayBeThere(): boolean {
    return this.kept.flow !== undefined;
  }

  /** For the facts of the leg. */
  facts({ hops, line }: AskingLeg): KeptFlow {
    const flow = hops.current()?.flow;
    return flow === undefined ? this.kept : { edge: line.edgeAt.name, flow };
  }

  /** What was under way at the edge that the leg has left is begun anew at the next one; a binding is asked for. */
  moved(leg: AskingLeg, state: string, was: string): void {
    this.kept = noFlow;
    this.asked += 1;
    const is = leg.line.edgeAt.name;
    if (state === 'registering' || state === 'refreshing' || state === 'unregistering')
      return leg.send({ type: 'edge.moved', was, is });
    if (isBound(leg.record, leg.line.ambient.now())) this.ask(leg, was);
  }

  /**
   * Opens the flow, which sends nothing, and tells the chart whether the binding still leads to it. An edge gives the owner of a connection
   * the one it has.
   * @param was the edge that was left
   */
  ask(leg: AskingLeg, was?: string): void {
    const { hops } = leg;
    this.asked += 1;
    const mine = this.asked;
    hops.use(leg.settings.timerFMs, (result) => {
      if (mine !== this.asked || leg.hops !== hops) return;
      const event = this.eventOf(leg, result, was);
      if (event !== undefined) leg.send(event);
    });
  }

  private eventOf(leg: AskingLeg, result: HopResult, was: string | undefined): RegistrationEvent | undefined {
    const { kept } = this;
    const { edgeAt, ambient } = leg.line;
    const is = edgeAt.name;
    const isStream = leg.settings.isStream;
    const registered = hostPortOf(leg.registeredContact);
    if ('failure' in result) {
      if (isStream) return { type: 'flow.gone' };
      // Without a flow nothing is known: the refresh will see, but where the Contact leads nobody is.
      return was === undefined ? undefined : { type: 'edge.moved', was, is };
    }
    const { contactHostPort, flow } = result.hop;
    if (contactHostPort !== registered) return { type: 'edge.moved', was: was ?? kept.edge ?? registered, is };
    const isSame = !isStream || (kept.edge === is && kept.flow === flow);
    return { type: isSame && isBound(leg.record, ambient.now()) ? 'flow.same' : 'flow.gone' };
  }
}
