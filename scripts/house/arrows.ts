/** Which workspace may import which: docs/architecture.md, "Packages and arrows". Pure; the folders are paths from the root. */

const nothingOfOurs = 0;
const layers: readonly { readonly of: RegExp; readonly layer: number; readonly rule: string }[] = [
  { of: /^packages\/core$/, layer: nothingOfOurs, rule: 'core imports nothing of ours' },
  { of: /^packages\/sip$/, layer: 1, rule: 'sip imports core alone' },
  { of: /^packages\/runtime$/, layer: 3, rule: 'runtime imports core, sip and the parts' },
  { of: /^packages\/lab$/, layer: 4, rule: 'lab imports anything but apps' },
  { of: /^packages\/plugin-/, layer: 2, rule: 'a plugin imports core and sip, never another plugin' },
  { of: /^packages\//, layer: 2, rule: 'a part imports core and sip; parts meet in runtime' },
  { of: /^(apps|examples)\/|^bench$/, layer: 5, rule: 'apps, examples and the bench import packages' },
];

export interface Arrow {
  readonly from: string;
  readonly to: string;
  /** `import()` on demand, or a type that the compiler erases. */
  readonly onDemand: boolean;
}

/** What is wrong with an import from one workspace into another; undefined when it is allowed. */
export function arrowFault({ from, to, onDemand }: Arrow): string | undefined {
  if (from === to) return undefined;
  const own = layers.find(({ of }) => of.test(from));
  const other = layers.find(({ of }) => of.test(to));
  if (own === undefined || other === undefined) return `${from} → ${to}: no layer is known for it`;
  if (/^(apps|examples)\/|^bench$/.test(to)) return `${from} → ${to}: nothing imports an app, an example or the bench`;
  if (to === 'packages/lab' && !(from === 'apps/runner' && onDemand)) {
    return `${from} → ${to}: only apps/runner may use lab, and only by import() on demand`;
  }
  return other.layer < own.layer ? undefined : `${from} → ${to}: ${own.rule}`;
}
