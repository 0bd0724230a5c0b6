import type { Member } from '@offhook/cluster';
import { describe, expect, it } from 'vitest';
import { EdgesInUse } from './edges-in-use.ts';

const edge = (id: string, session: string): Member => ({
  ...{ id, session, role: 'edge', state: 'up', weight: 1, build: '', startedAtMs: 0, info: {}, revision: 1, seenAtMs: 0 },
});

describe('the edges in use', () => {
  it('tell a line that began while its edge was away of that edge, and of each later life of it', () => {
    const edges = new EdgesInUse({ now: () => 0 }, 1_000);
    edges.see([]);
    expect(edges.begin('1000', 'edge-1')).toBe('edge-1');
    for (const session of ['s1', 's2']) {
      expect(edges.see([edge('edge-1', session)])).toEqual([{ line: '1000', edge: 'edge-1' }]);
      expect(edges.lifeOf('1000', 'edge-1')).toBe(session);
      expect(edges.see([edge('edge-1', session)])).toEqual([]);
    }
  });
});
