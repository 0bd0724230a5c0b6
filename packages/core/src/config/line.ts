import type { ExtConfig } from './ext-schema.ts';
import { extSchema } from './ext-schema.ts';
import type { Finding } from './finding.ts';
import type { PhoneConfig } from './phone-schema.ts';
import { phoneSchema } from './phone-schema.ts';

export type { ExtConfig } from './ext-schema.ts';
export type { PhoneConfig } from './phone-schema.ts';

export interface LineConfig {
  /** Unique in the cluster; names the line everywhere (commands, logs, key). */
  readonly id: string;
  readonly ext: ExtConfig;
  /** One frozen object for all lines of a phone. */
  readonly phone: PhoneConfig;
  /** Parameters that the configuration sets for this line, by itself or by a template; all others have their defaults. */
  readonly written?: ReadonlySet<string>;
  /** What was found and repaired when it was read; a line with an error among them runs degraded. */
  readonly findings?: readonly Finding[];
}

/** Behaviour generation of defaults. @source redundancy reference D-02, D-03, D-04 */
export type Preset = PhoneConfig['xDefaultsPreset'];

const factoryPhone: PhoneConfig = Object.freeze(phoneSchema.parse({}));
const factoryExt: ExtConfig = Object.freeze(extSchema.parse({}));

/** Only two defaults differ by preset; D-04 (recovery over TCP and TLS) is read from the preset itself. */
const extByPreset: Readonly<Record<Preset, ExtConfig>> = {
  seed: factoryExt,
  'mpp-11.3': Object.freeze({ ...factoryExt, autoRegisterWhenFailover: true, xFallbackClock: 'refresh' }),
};

/** Factory values of Voice > Ext(n). Shared and frozen. */
export function defaultExt(preset: Preset = 'seed'): ExtConfig {
  return extByPreset[preset];
}

/** A phone's shared values: factory defaults and what is given. Frozen; make one and share it between lines. */
export function phoneConfig(given: Partial<PhoneConfig> = {}): PhoneConfig {
  return Object.freeze({ ...factoryPhone, ...given });
}

/** A line from typed values: factory defaults of the phone's preset and what is given. Nothing is checked; see `validateLine`. */
export function lineConfig(given: {
  readonly id: string;
  readonly ext?: Partial<ExtConfig>;
  readonly phone?: PhoneConfig;
}): LineConfig {
  const { id, ext = {}, phone = factoryPhone } = given;
  const written = new Set(Object.keys(ext));
  return Object.freeze({ id, ext: Object.freeze({ ...defaultExt(phone.xDefaultsPreset), ...ext }), phone, written });
}
