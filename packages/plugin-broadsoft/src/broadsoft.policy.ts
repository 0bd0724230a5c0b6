import { decideOnList, type Mechanism, type MechanismFactory, rankedListRule } from '@offhook/core';
import { manifest } from './manifest.ts';

/**
 * One binding that moves along ranked servers. A failover registers at the next server first, then sends the request there (D-15); everything
 * new stays with the secondary until a recovery REGISTER succeeds on the primary. These are the rules of a ranked list with Auto Register When
 * Failover, which the manifest forces.
 * @source redundancy reference section 7, tables 6.2, 6.3; 5.6, 5.7
 */
const mechanism: Mechanism = Object.freeze<Mechanism>({
  manifest,
  decide: (facts, event) => decideOnList(facts, event),
  list: rankedListRule,
});

export const create: MechanismFactory = () => mechanism;
