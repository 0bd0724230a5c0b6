import { entryCases } from './key-value-cases.ts';
import type { KeyValueSubject } from './key-value-subject.ts';
import { watchCases } from './key-value-watch-cases.ts';
import type { Kit } from './kit.ts';

/** The conformance suite of the KeyValue contract. */
export const keyValueKit: Kit<KeyValueSubject> = [...entryCases, ...watchCases];
