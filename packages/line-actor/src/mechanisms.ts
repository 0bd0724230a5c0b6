import { decideOnList, knownMechanisms, type Mechanism, type MechanismManifest, rankedListRule } from '@offhook/core';
import { routeDual } from './routing.ts';

function manifestOf(name: string): MechanismManifest {
  const manifest = knownMechanisms.find((known) => known.name === name);
  if (manifest === undefined) throw new Error(`no manifest of ${name}`);
  return manifest;
}

/** Two registrations at once; requests prefer the primary. @source redundancy reference table 6.4 */
export const dualRegistration: Mechanism = { manifest: manifestOf('dual-registration'), decide: routeDual };

/** One registration that moves along a ranked list of servers. @source redundancy reference sections 5.6, 5.7, tables 6.2, 6.3 */
export const rankedList: Mechanism = { manifest: manifestOf('ranked-list'), decide: decideOnList, list: rankedListRule };
