import { policyKit, policySubject, runKit } from '@offhook/core/testkit';
import { describe, expect, it } from 'vitest';
import { createDnsSrvMechanism } from '../src/index.ts';

describe('dns-srv', () => {
  runKit(policyKit, it, async () => policySubject(createDnsSrvMechanism()), ['yields']);

  it('rules lists', () => {
    expect(createDnsSrvMechanism()).toMatchObject({ manifest: { name: 'dns-srv' }, list: { next: expect.any(Function) } });
  });
});
