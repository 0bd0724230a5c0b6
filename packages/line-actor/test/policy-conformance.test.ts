import type { Mechanism, MechanismManifest } from '@offhook/core';
import { policyKit, policySubject, runKit } from '@offhook/core/testkit';
import { describe, it } from 'vitest';
import { dualRegistration, rankedList } from '../src/index.ts';
import { routeSingle } from '../src/routing.ts';

/** What rules a line where no mechanism does, in the clothes of one. */
const single: Mechanism = {
  manifest: Object.freeze<MechanismManifest>({
    name: 'single',
    kind: 'mechanism',
    api: 1,
    title: 'Single server',
    claims: ({ ext }) =>
      ext.xMechanism === 'single'
        ? [{ aspect: 'route', hold: 'exclusive', because: 'there is one server', remedy: 'Set X Mechanism to auto.' }]
        : [],
  }),
  decide: routeSingle,
};

describe('Dual Registration', () => runKit(policyKit, it, async () => policySubject(dualRegistration), ['holds']));

describe('Ranked list', () => runKit(policyKit, it, async () => policySubject(rankedList), ['yields']));

describe('the single server', () => runKit(policyKit, it, async () => policySubject(single), ['yields']));
