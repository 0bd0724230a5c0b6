import { knownMechanisms, type Mechanism, type MechanismManifest } from '@offhook/core';
import { routeDual } from './routing.ts';

function manifestOf(name: string): MechanismManifest {
  const manifest = knownMechanisms.find((known) => known.name === name);
  if (manifest === undefined) throw new Error(`no manifest of ${name}`);
  return manifest;
}

/** Two registrations at once; requests prefer the primary. @source redundancy reference table 6.4 */
export const dualRegistration: Mechanism = { manifest: manifestOf('dual-registration'), decide: routeDual };
