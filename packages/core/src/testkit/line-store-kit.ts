import type { Kit } from './kit.ts';
import { memoryCases } from './line-store-cases.ts';
import { closingCases, durableCases } from './line-store-durable-cases.ts';
import type { LineStoreSubject } from './line-store-subject.ts';

/** The conformance suite of the LineStore contract. */
export const lineStoreKit: Kit<LineStoreSubject> = [...memoryCases, ...durableCases, ...closingCases];
