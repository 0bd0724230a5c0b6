import type { LineConfig } from '../config/line.ts';
import type { Aspect, Claim, MechanismManifest, Relation } from '../contracts/mechanism.ts';
import { PluginError } from '../errors.ts';
import { claimsClash } from './aspects.ts';

/**
 * Which mechanisms may rule a line together. It knows no mechanism: all it compares is what their manifests claim and declare.
 * @source architecture section 6; redundancy reference D-11
 */

/** One side of a clash, with the sentence it rests on. */
export interface ConflictSide {
  readonly mechanism: string;
  readonly title: string;
  /** Empty where this side declares nothing. */
  readonly because: string;
  readonly remedy: string;
  readonly parameter?: NonNullable<Claim['parameter']>;
}

export interface Conflict {
  /** `aspect`: both claim it; `excludes`: a documented exclusion; `requires`: something it needs is not enabled. */
  readonly kind: 'aspect' | 'excludes' | 'requires';
  readonly aspect?: Aspect;
  /** Sorted by name. */
  readonly sides: readonly [ConflictSide, ConflictSide];
}

export interface Refusal {
  readonly manifest: MechanismManifest;
  readonly conflicts: readonly Conflict[];
}

/** Sorted by name throughout: the order of the manifests never shows. */
export interface Admission {
  readonly enabled: readonly MechanismManifest[];
  readonly refused: readonly Refusal[];
  readonly conflicts: readonly Conflict[];
}

/** A mechanism that asks for something on this line. */
interface Claimant {
  readonly manifest: MechanismManifest;
  readonly claims: readonly Claim[];
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function claimantOf(manifest: MechanismManifest, line: LineConfig): readonly Claimant[] {
  try {
    const claims = manifest.claims(line);
    return claims.length === 0 ? [] : [{ manifest, claims }];
  } catch (cause) {
    throw new PluginError(
      'E_PLUGIN_INVALID',
      `Mechanism ${manifest.name}: claims() failed; it must be a pure function of the line.`,
      { cause },
    );
  }
}

function side(claimant: Claimant, words?: Claim | Relation): ConflictSide {
  const { name: mechanism, title } = claimant.manifest;
  const claim = claimant.claims.find((candidate) => candidate === words) ?? claimant.claims[0];
  const said = { mechanism, title, because: words?.because ?? '', remedy: words?.remedy ?? '' };
  return claim?.parameter === undefined ? said : { ...said, parameter: claim.parameter };
}

const names = (relations: readonly Relation[] | undefined, other: Claimant): Relation | undefined =>
  relations?.find((relation) => relation.mechanism === other.manifest.name);

/** Every clash between two claimants; `a` comes before `b` by name. */
function clashesOf(a: Claimant, b: Claimant): readonly Conflict[] {
  const conflicts: Conflict[] = [];
  const [fromA, fromB] = [names(a.manifest.excludes, b), names(b.manifest.excludes, a)];
  if (fromA !== undefined || fromB !== undefined) conflicts.push({ kind: 'excludes', sides: [side(a, fromA), side(b, fromB)] });
  if (names(a.manifest.complements, b) !== undefined && names(b.manifest.complements, a) !== undefined) return conflicts;
  for (const claim of a.claims) {
    for (const other of b.claims) {
      if (claimsClash(claim, other))
        conflicts.push({ kind: 'aspect', aspect: claim.aspect, sides: [side(a, claim), side(b, other)] });
    }
  }
  return conflicts;
}

/** What `claimant` needs and does not get. */
function unmet(claimant: Claimant, claimants: readonly Claimant[], refused: ReadonlySet<string>): readonly Conflict[] {
  return (claimant.manifest.requires ?? []).flatMap((relation) => {
    const needed = claimants.find(({ manifest }) => manifest.name === relation.mechanism);
    if (needed !== undefined && !refused.has(relation.mechanism)) return [];
    const absent = {
      mechanism: relation.mechanism,
      title: needed?.manifest.title ?? relation.mechanism,
      because: '',
      remedy: '',
    };
    const [first, second] = [side(claimant, relation), absent].sort((x, y) => compare(x.mechanism, y.mechanism)) as [
      ConflictSide,
      ConflictSide,
    ];
    return [{ kind: 'requires', sides: [first, second] } as const];
  });
}

/** Between two that clash, one that holds stays alone in force; otherwise none does. */
function losersOf(a: Claimant, b: Claimant): readonly string[] {
  const pair = [a, b].filter(({ manifest }) => manifest.holds !== true);
  return (pair.length === 0 ? [a, b] : pair).map(({ manifest }) => manifest.name);
}

const involves = (conflict: Conflict, name: string): boolean => conflict.sides.some(({ mechanism }) => mechanism === name);

/** A refusal can leave another mechanism without what it needs, and so on. */
function refuseUnmet(claimants: readonly Claimant[], refused: Set<string>): void {
  const hit = claimants.find(
    (claimant) => !refused.has(claimant.manifest.name) && unmet(claimant, claimants, refused).length > 0,
  );
  if (hit === undefined) return;
  refused.add(hit.manifest.name);
  refuseUnmet(claimants, refused);
}

/**
 * Admits the mechanisms that can rule this line together and refuses the others, with every clash at once.
 * Pure; the result does not depend on the order of `manifests`, whose names are unique.
 * @throws PluginError `E_PLUGIN_INVALID` when a manifest's `claims` throws
 */
export function admit(manifests: readonly MechanismManifest[], line: LineConfig): Admission {
  const claimants = [...manifests].sort((a, b) => compare(a.name, b.name)).flatMap((manifest) => claimantOf(manifest, line));
  const conflicts: Conflict[] = [];
  const refused = new Set<string>();
  for (const [i, a] of claimants.entries()) {
    for (const b of claimants.slice(i + 1)) {
      const clashes = clashesOf(a, b);
      conflicts.push(...clashes);
      if (clashes.length > 0) for (const name of losersOf(a, b)) refused.add(name);
    }
  }
  refuseUnmet(claimants, refused);
  conflicts.push(...claimants.flatMap((claimant) => unmet(claimant, claimants, refused)));
  const active = claimants.map(({ manifest }) => manifest);
  const refusals = active.filter(({ name }) => refused.has(name));
  return {
    enabled: active.filter(({ name }) => !refused.has(name)),
    refused: refusals.map((manifest) => ({
      manifest,
      conflicts: conflicts.filter((conflict) => involves(conflict, manifest.name)),
    })),
    conflicts,
  };
}
