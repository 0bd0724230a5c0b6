import { decideOnList, knownMechanisms, type Mechanism, type MechanismManifest, rankedListRule } from '@offhook/core';

const name = 'dns-srv';

function manifestOf(): MechanismManifest {
  const manifest = knownMechanisms.find((known) => known.name === name);
  if (manifest === undefined) throw new Error(`no manifest of ${name}`);
  return manifest;
}

/** One registration that moves along the servers that DNS ranks. @source redundancy reference sections 5.6, 5.7, 6.2, 6.3 */
export const createDnsSrvMechanism = (): Mechanism => ({
  manifest: manifestOf(),
  decide: (facts, event) => decideOnList(facts, event),
  list: rankedListRule,
});
