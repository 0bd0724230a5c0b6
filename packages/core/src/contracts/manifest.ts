/** What every plugin says of itself. Frozen, data only. */
export interface PluginManifest {
  /** Unique within its kind: `udp`, `dual-registration`. */
  readonly name: string;
  readonly kind: 'transport' | 'mechanism' | 'locator' | 'bus' | 'line-store';
  /** Version of the contract it was written for. */
  readonly api: 1;
}
