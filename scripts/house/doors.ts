import type { SourceFacts } from './source-facts.ts';

/** One door per outside thing: where each may be imported or touched. Each entry is the beginning of a path from the root. */
const runner = 'apps/runner/';
const store = 'packages/line-store/src/';
const dns = 'packages/plugin-dns-srv/src/';
const modules: Readonly<Record<string, readonly string[]>> = {
  'sip.js': ['packages/sip/src/dialog/'],
  xstate: ['packages/line-actor/src/'],
  'sdp-transform': ['packages/line-actor/src/'],
  nats: ['packages/bus-nats/src/'],
  'dns-packet': ['packages/plugin-dns-srv/src/'],
  tsyringe: ['packages/runtime/src/'],
  'reflect-metadata': ['packages/runtime/src/'],
  zod: [
    'packages/core/src/',
    'packages/line-actor/src/json-schemas.ts',
    'packages/line-actor/src/line-commands.ts',
    'packages/runtime/src/front-desk.ts',
    'packages/runtime/src/bus-api/',
    'packages/lab/src/scenario/',
    'packages/lab/src/vectors/',
  ],
  yaml: ['packages/provisioning/src/'],
  saxes: ['packages/provisioning/src/'],
  commander: [runner],
  picocolors: [runner],
  pino: [runner],
};

/** Core's system ambient; the virtual ones, which turn the real event loop; and the two places that lend the globals to an ambient. */
const time = [
  'packages/core/src/system-ambient.ts',
  'packages/core/src/testkit/manual-ambient.ts',
  'packages/lab/src/virtual-ambient.ts',
  'packages/lab/src/global-timers.ts',
  'packages/sip/src/dialog/',
];
/** The only code that others choose: plugins of a configuration, and what was built beside the command. */
const foreignCode = ['packages/runtime/src/load-plugins.ts', 'apps/runner/bin/'];
const builtins: Readonly<Record<string, readonly string[]>> = {
  'node:dgram': ['packages/transport-udp/src/', dns],
  'node:net': ['packages/transport-tcp/src/', dns, runner],
  'node:tls': ['packages/transport-tcp/src/'],
  'node:fs': [runner, store],
  'node:process': [runner],
  'node:child_process': [runner],
  'node:os': [runner],
  'node:crypto': ['packages/core/src/system-ambient.ts', 'packages/sip/src/digest/'],
  'node:dns': ['packages/runtime/src/', dns],
  'node:module': foreignCode,
  'node:timers': time,
  'node:perf_hooks': time,
  'node:worker_threads': [],
  'node:http': [],
  'node:https': [],
};

const globals: Readonly<Record<string, readonly string[]>> = {
  'Date.now': time,
  'new Date()': time,
  'Math.random': time,
  performance: time,
  setTimeout: time,
  setInterval: time,
  setImmediate: time,
  clearTimeout: time,
  clearInterval: time,
  clearImmediate: time,
  queueMicrotask: time,
  crypto: time,
  // The lock of a state folder names the process that holds it.
  process: [runner, `${store}lock-owner.ts`],
  console: [runner],
  'import(name)': foreignCode,
  fetch: [],
};

const opens = (doors: readonly string[], file: string): boolean => doors.some((door) => file.startsWith(door));

/** `@scope/name/deep` and `name/deep` belong to `@scope/name` and `name`; `node:fs/promises` to `node:fs`. */
export function packageOf(specifier: string): string {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? specifier);
}

/** Every door that a product file passes by. Relative imports and packages of ours are the business of the arrows. */
export function doorFaults(file: string, facts: SourceFacts): readonly string[] {
  const faults: string[] = [];
  for (const { specifier } of facts.imports) {
    const name = packageOf(specifier);
    if (specifier.startsWith('.') || name.startsWith('@offhook/')) continue;
    const doors = specifier.startsWith('node:') ? builtins[name] : modules[name];
    if (doors === undefined && specifier.startsWith('node:')) continue;
    if (doors === undefined) faults.push(`${file}: ${name} has no door yet; give it one in scripts/house/doors.ts`);
    else if (!opens(doors, file)) faults.push(`${file}: ${specifier} belongs to ${doors.join(', ') || 'nobody'}`);
  }
  for (const name of facts.globals) {
    const doors = globals[name] ?? [];
    if (!opens(doors, file)) faults.push(`${file}: ${name} belongs to ${doors.join(', ') || 'nobody'}`);
  }
  return faults;
}
