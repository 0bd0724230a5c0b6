import { edgeFor, type Member } from '@offhook/cluster';
import { lineKey } from '@offhook/core';

/** A line that has to change its edge, or to open its flows there again. */
export interface EdgeMove {
  readonly line: string;
  readonly edge: string;
}

/**
 * Which edge each line of this host uses. A line stays where it is as long as that edge lives: whoever joins gets new lines alone, so that
 * nothing registers without need.
 */
export class EdgesInUse {
  readonly #used = new Map<string, { edge: string; session: string | undefined }>();
  #live: ReadonlyMap<string, string> = new Map();

  /** Takes note of who is there; answers with the lines that must move, and those whose edge has begun anew. */
  see(members: readonly Member[]): readonly EdgeMove[] {
    const edges = members.filter(({ role, state }) => role === 'edge' && state === 'up');
    this.#live = new Map(edges.map(({ id, session }) => [id, session]));
    const moves: EdgeMove[] = [];
    for (const [line, { edge, session }] of this.#used) {
      const now = this.#live.get(edge);
      if (now !== undefined && (session === undefined || session === now)) continue;
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
