import type { CallFacts, CallStore } from '../contracts/call-store.ts';

/** A CallStore for tests, with what was written to it. */
export interface MemoryCallStore extends CallStore {
  /** Calls that are kept, of every line. */
  readonly calls: readonly CallFacts[];
  /** Writes so far. */
  readonly writes: number;
}

/** Facts go through JSON, as through any store outside the process. */
export function createMemoryCallStore(): MemoryCallStore {
  const lines = new Map<string, Map<string, string>>();
  let writes = 0;
  const read = (texts: Iterable<string>): CallFacts[] => [...texts].map((text) => JSON.parse(text) as CallFacts);
  return {
    get calls() {
      return [...lines.values()].flatMap((calls) => read(calls.values()));
    },
    get writes() {
      return writes;
    },
    loadCalls: async (line) => read(lines.get(line)?.values() ?? []),
    saveCall(line, call, facts) {
      writes += 1;
      const calls = lines.get(line) ?? new Map<string, string>();
      if (facts === undefined) calls.delete(call);
      else calls.set(call, JSON.stringify(facts));
      lines.set(line, calls);
    },
  };
}
