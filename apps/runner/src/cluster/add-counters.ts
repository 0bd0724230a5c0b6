import type { RuntimeCounters } from '@offhook/runtime';

function add<T extends object>(a: T | undefined, b: T | undefined): T | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const sum: Record<string, unknown> = { ...(a as Readonly<Record<string, unknown>>) };
  for (const [name, value] of Object.entries(b)) {
    const known = sum[name];
    sum[name] =
      typeof value === 'number'
        ? ((known as number | undefined) ?? 0) + value
        : add(known as object | undefined, value as object);
  }
  return sum as T;
}

/** Counters of two members together, name by name. */
export function addCounters(a: RuntimeCounters, b: RuntimeCounters): RuntimeCounters {
  const [edge, lines] = [add(a.edge, b.edge), add(a.lines, b.lines)];
  return { ...(edge === undefined ? {} : { edge }), ...(lines === undefined ? {} : { lines }) };
}
