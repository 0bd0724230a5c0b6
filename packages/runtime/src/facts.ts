import {
  type Bus,
  decodeJson,
  type FactKind,
  type LineKey,
  readLineSubject,
  type Subjects,
  type Subscription,
} from '@offhook/core';

/** A fact of one line, as it travels on the bus. */
export interface Fact {
  readonly kind: FactKind;
  readonly key: LineKey;
  readonly value: unknown;
}

/** Facts of every line of a cluster from now on, of one kind or of all. */
export function followFacts(bus: Bus, subjects: Subjects, onFact: (fact: Fact) => void, kind?: FactKind): Subscription {
  return bus.subscribe(subjects.facts(kind), (message) => {
    const place = readLineSubject(message.subject);
    if (place === undefined) return;
    onFact({ kind: place.kind as FactKind, key: place.key as LineKey, value: decodeJson(message.payload) });
  });
}
