/**
 * `npm test`: sets up what is missing, runs the tests of every workspace and the checks of the house, prints one count last.
 * `npm test -- --force` runs everything again, also what did not change since it last passed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { build, install, requireNode, root, say } from './bootstrap.mjs';
import { formatTally, tally } from './test-report.mjs';
import { workspaceFolders } from './workspaces.mjs';

const usage = 2;
const peers = ['kamailio', 'sipp', 'baresip', 'nats-server', 'dnsmasq', 'tshark', 'nft', 'ip'];
const report = join('reports', 'vitest.json');

/** @param {string} program @returns {boolean} */
function installed(program) {
  const folders = [...(process.env.PATH || '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.some((folder) => existsSync(join(folder, program)));
}

/** @param {string} path @returns {any} undefined when there is none, or when a crash cut it short */
function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * A pass may be replayed only where it was earned: the same Node, the same machine type, the same peers.
 * @param {boolean} force @returns {boolean} whether no task failed
 */
function runTests(force) {
  const machine = [process.version, process.platform, process.arch, ...peers.filter(installed)].join(' ');
  const env = {
    ...process.env,
    OFFHOOK_MACHINE: machine,
    TURBO_TELEMETRY_DISABLED: '1',
    DO_NOT_TRACK: '1',
    TURBO_NO_UPDATE_NOTIFIER: '1',
    ...(process.stdout.isTTY ? {} : { NO_COLOR: '1' }),
  };
  const args = [
    'run',
    'test',
    'house',
    '--continue=always',
    '--output-logs=errors-only',
    '--log-order=grouped',
    '--concurrency=2',
  ];
  if (force) args.push('--force');
  const turbo = join(root, 'node_modules', 'turbo', 'bin', 'turbo');
  return spawnSync(process.execPath, [turbo, ...args], { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] }).status === 0;
}

requireNode();
const args = process.argv.slice(2);
if (args.some((arg) => arg !== '--force')) {
  say('Usage: npm test [-- --force]. For one workspace: cd packages/NAME && npx vitest run');
  process.exit(usage);
}
const suites = [{ name: 'house', folder: '.' }, ...workspaceFolders().map((folder) => ({ name: folder, folder }))];
for (const { folder } of suites) rmSync(join(root, folder, report), { force: true });
const peersRequired = process.env.OFFHOOK_PEERS === 'required';
let endedWell = false;
if (install()) {
  // A failed build is one failed check of the house; the tests run from source and say more.
  build();
  endedWell = runTests(args.includes('--force') || peersRequired);
}
const sum = tally(
  suites.map(({ name, folder }) => ({ name, report: readReport(join(root, folder, report)) })),
  endedWell,
  peersRequired,
);
process.stdout.write(`${formatTally(sum)}\n`);
process.exitCode = sum.failed === 0 ? 0 : 1;
