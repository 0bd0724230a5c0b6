/** Counters of two parts together, name by name; what one of them lacks is as the other has it. */
export function addCounters<T extends object>(a: T, b: T): T {
  const sum = { ...a } as Record<string, unknown>;
  for (const [name, value] of Object.entries(b)) {
    const known = sum[name];
    if (known === undefined) sum[name] = value;
    else sum[name] = typeof value === 'number' ? (known as number) + value : addCounters(known as object, value as object);
  }
  return sum as T;
}
