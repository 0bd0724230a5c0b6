import { deliveryCases } from './bus-delivery-cases.ts';
import { lifecycleCases } from './bus-lifecycle-cases.ts';
import type { BusSubject } from './bus-subject.ts';
import type { Kit } from './kit.ts';

/** The conformance suite of the Bus contract. */
export const busKit: Kit<BusSubject> = [...deliveryCases, ...lifecycleCases];
