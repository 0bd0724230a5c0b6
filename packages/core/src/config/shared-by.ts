import type { ExtConfig, LineConfig, PhoneConfig } from './line.ts';

/**
 * A reading of line configurations that is held once for all lines of a phone which agree in these parameters, as the lines of a range do.
 * `read` must look at no other parameter of the line.
 */
export function sharedBy<Args extends readonly unknown[], Value>(
  parameters: readonly (keyof ExtConfig)[],
  read: (config: LineConfig, ...args: Args) => Value,
): (config: LineConfig, ...args: Args) => Value {
  const known = new WeakMap<PhoneConfig, Map<string, Value>>();
  /** The line before is like this one, mostly. */
  let latest: { readonly config: LineConfig; readonly args: Args; readonly value: Value } | undefined;
  const isLatest = ({ phone, ext }: LineConfig, args: Args): boolean =>
    latest?.config.phone === phone &&
    parameters.every((name) => latest?.config.ext[name] === ext[name]) &&
    args.every((arg, n) => latest?.args[n] === arg);
  function find(config: LineConfig, args: Args): Value {
    const values = known.get(config.phone) ?? new Map<string, Value>();
    known.set(config.phone, values);
    const key = JSON.stringify([...parameters.map((name) => config.ext[name]), ...args]);
    const value = values.get(key) ?? read(config, ...args);
    values.set(key, value);
    return value;
  }
  return (config, ...args) => {
    if (latest !== undefined && isLatest(config, args)) return latest.value;
    latest = { config, args, value: find(config, args) };
    return latest.value;
  };
}
