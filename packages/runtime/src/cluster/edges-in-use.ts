import { edgeFor, type Member } from '@offhook/cluster';
import { type Ambient, type LegFacts, lineKey } from '@offhook/core';

/** A line that has to change its edge, or to open its flows there again. */
export interface EdgeMove {
  readonly line: string;
  readonly edge: string;
}

/** `awaited`: it fell silent, and may be back in a moment under its name, with the Contacts of its lines. */
export type EdgePresence = 'there' | 'awaited' | 'gone';

/**
 * Which edge each line of this host uses. A line stays where it is as long as that edge lives: whoever joins gets new lines alone, so that
 * nothing registers without need.
 */
export class EdgesInUse {
  readonly #ambient: Pick<Ambient, 'now'>;
  readonly #patienceMs: number;
  readonly #used = new Map<string, { edge: string; session: string | undefined }>();
  #live: ReadonlyMap<string, string> = new Map();
  #awaited: ReadonlySet<string> = new Set();

  /** @param patienceMs so long the lines of an edge that was declared dead stay where they are */
  constructor(ambient: Pick<Ambient, 'now'>, patienceMs: number) {
    this.#ambient = ambient;
    this.#patienceMs = patienceMs;
  }

  /** Some edges may be back in a moment: look again then. */
  get isWaiting(): boolean {
    return this.#awaited.size > 0;
  }

  /** Of the edge of a registration. A connection of an earlier life is gone with it. */
  presence({ edge, edgeLife, server }: Pick<LegFacts, 'edge' | 'edgeLife' | 'server'>): EdgePresence {
    if (edge === undefined) return 'gone';
    const life = this.#live.get(edge);
    if (life === undefined) return this.#awaited.has(edge) ? 'awaited' : 'gone';
    const isSame = edgeLife === undefined || edgeLife === life || server.endsWith(';udp');
    return isSame ? 'there' : 'gone';
  }

  /** Of the edge that the line uses, when it is that one. */
  lifeOf(line: string, edge: string | undefined): string | undefined {
    const used = this.#used.get(line);
    return used?.edge === edge ? used?.session : undefined;
  }

  /** Takes note of who is there; answers with the lines that must move, and those whose edge has begun anew. */
  see(members: readonly Member[]): readonly EdgeMove[] {
    const nowMs = this.#ambient.now();
    const edges = members.filter(({ role }) => role === 'edge');
    this.#live = new Map(edges.filter(({ state }) => state === 'up').map(({ id, session }) => [id, session]));
    const dead = edges.filter(({ state, seenAtMs }) => state === 'dead' && nowMs - seenAtMs < this.#patienceMs);
    this.#awaited = new Set(dead.map(({ id }) => id));
    const moves: EdgeMove[] = [];
    for (const [line, { edge, session }] of this.#used) {
      const now = this.#live.get(edge);
      if (this.#awaited.has(edge) || (now !== undefined && session === now)) continue;
      const next = now === undefined ? this.#choose(line) : edge;
      if (next !== undefined) moves.push({ line, edge: next });
    }
    // From now on they count as there, though their turn may come later: if that edge ends too, they are found again.
    for (const move of moves) this.#use(move);
    return moves;
  }

  /** A line begins: at the edge that holds its flow, if that lives; without a living edge at none that answers. */
  begin(line: string, known: string | undefined): string {
    const edge = known !== undefined && this.#live.has(known) ? known : (this.#choose(line) ?? known ?? 'none');
    this.#use({ line, edge });
    return edge;
  }

  end(line: string): void {
    this.#used.delete(line);
  }

  #use({ line, edge }: EdgeMove): void {
    this.#used.set(line, { edge, session: this.#live.get(edge) });
  }

  #choose(line: string): string | undefined {
    return edgeFor(lineKey(line), [...this.#live.keys()]);
  }
}
