import { deepStrictEqual } from 'node:assert/strict';
import type { Claim, MechanismManifest } from '../contracts/mechanism.ts';
import { createPluginRegistry } from '../plugin/registry.ts';
import { aspectNames } from '../policy/aspects.ts';
import { type Admission, admit } from '../policy/registry.ts';
import type { ConformanceCase } from './kit.ts';
import { claimsOn, linesOf, type PolicySubject } from './policy-subject.ts';
import { claim } from './transport-subject.ts';

/** `holds`: on a clash it stays in force. `yields`: it is refused as any other is. */
export type PolicyTrait = 'yields' | 'holds';

export type PolicyCase = ConformanceCase<PolicySubject>;

const policyCase = (
  name: string,
  source: string,
  needs: readonly PolicyTrait[],
  run: (subject: PolicySubject) => void,
): PolicyCase => ({ name, source, needs, run: async (subject) => run(subject) });

/** Somebody else who wants that one thing for himself. */
const rivalOf = ({ aspect }: Claim, name: string): MechanismManifest =>
  Object.freeze({
    name,
    kind: 'mechanism',
    api: 1,
    title: name,
    claims: () => [{ aspect, hold: 'exclusive', because: 'the rival rules it', remedy: 'turn the rival off' } as const],
  });

interface Clash {
  readonly mine: string;
  readonly rival: string;
  readonly admission: Admission;
}

/** Meets a rival for each claim, before and after it in the alphabet, and in either order. */
function clashes(subject: PolicySubject): readonly Clash[] {
  const { manifest } = subject.mechanism;
  return linesOf(subject).flatMap((line) =>
    claimsOn(subject, line).flatMap((claimed) =>
      ['a-rival', 'z-rival'].flatMap((name) => {
        const rival = rivalOf(claimed, name);
        const orders = [
          [manifest, rival],
          [rival, manifest],
        ];
        return orders.map((order) => ({ mine: manifest.name, rival: name, admission: admit(order, line) }));
      }),
    ),
  );
}

const refusedNames = ({ refused }: Admission): readonly string[] => refused.map(({ manifest }) => manifest.name);

const contract = 'Mechanism contract';
const registry = 'architecture section 6';

/** What a mechanism says of itself and of lines. */
export const claimCases: readonly PolicyCase[] = [
  policyCase('describes itself', contract, [], ({ mechanism }) => {
    const { manifest, decide } = mechanism;
    claim(manifest?.kind === 'mechanism', 'the manifest is that of a mechanism');
    claim(typeof decide === 'function', 'decide is a function');
    // Name, api version, title, and whether it is frozen: what the door of every plugin asks.
    createPluginRegistry().admit([{ plugin: { manifest, create: () => mechanism }, from: 'under test' }]);
  }),

  policyCase('is turned on by a line', contract, [], (subject) => {
    const { name } = subject.mechanism.manifest;
    const on = linesOf(subject).filter((line) => claimsOn(subject, line).length > 0);
    claim(on.length > 0, `no line turns ${name} on, neither by X Mechanism nor otherwise; name one that does in the subject`);
  }),

  policyCase('claims the same of equal lines', contract, [], (subject) => {
    const { manifest } = subject.mechanism;
    const lines = linesOf(subject);
    const first = lines.map((line) => manifest.claims(line));
    const copies = lines.map((line) => Object.freeze({ ...line, ext: Object.freeze({ ...line.ext }) }));
    deepStrictEqual(
      copies.map((line) => manifest.claims(line)),
      first,
      'claims is a pure function of the line',
    );
  }),

  policyCase('claims known aspects, each once, with its reason and its remedy', registry, [], (subject) => {
    for (const line of linesOf(subject)) {
      const claims = claimsOn(subject, line);
      claim(new Set(claims.map(({ aspect }) => aspect)).size === claims.length, 'an aspect is claimed once');
      for (const { aspect, hold, because, remedy, parameter } of claims) {
        claim(aspectNames.includes(aspect), `${aspect} is no aspect; those are ${aspectNames.join(', ')}`);
        claim(hold === 'exclusive' || hold === 'shared', `${aspect} is held exclusive or shared, not ${hold}`);
        claim(because !== '' && remedy !== '', `the claim on ${aspect} says why, and what to set for it to go away`);
        claim(parameter === undefined || parameter in line.ext, `${parameter} is no parameter of a line`);
      }
    }
  }),

  policyCase('contradicts itself in no relation', registry, [], ({ mechanism: { manifest } }) => {
    const { name, excludes = [], requires = [], complements = [] } = manifest;
    const related = [excludes, requires, complements].map((relations) => relations.map(({ mechanism }) => mechanism));
    claim(!related.flat().includes(name), 'a mechanism has no relation to itself');
    const [excluded = [], ...wanted] = related;
    const both = excluded.filter((other) => wanted.flat().includes(other));
    claim(both.length === 0, `${both.join(', ')} cannot be excluded and wanted at once`);
  }),

  policyCase('is refused together with a rival, from either side', registry, ['yields'], (subject) => {
    for (const { mine, rival, admission } of clashes(subject)) {
      deepStrictEqual(refusedNames(admission), [mine, rival].sort(), 'between two that clash none wins');
      for (const { conflicts } of admission.refused) {
        const named = conflicts.some(
          ({ sides }) => sides.map(({ mechanism }) => mechanism).join() === [mine, rival].sort().join(),
        );
        claim(named, 'each refusal names both');
      }
    }
  }),

  policyCase('stays in force against a rival, from either side', registry, ['holds'], (subject) => {
    for (const { rival, admission } of clashes(subject)) deepStrictEqual(refusedNames(admission), [rival]);
  }),
];
