import type { Kit } from './kit.ts';
import { claimCases } from './policy-claim-cases.ts';
import { decideCases } from './policy-decide-cases.ts';
import type { PolicySubject } from './policy-subject.ts';

/**
 * The conformance suite of the Mechanism contract. Traits: `yields`, as every mechanism of somebody else does, or `holds`, which stays in
 * force on a clash.
 */
export const policyKit: Kit<PolicySubject> = [...claimCases, ...decideCases];
