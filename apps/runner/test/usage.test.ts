import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { command } from './support/command.ts';
import { type Folder, makeFolder } from './support/folder.ts';
import { jsonLines, offhook } from './support/offhook.ts';

let folder: Folder;
beforeAll(() => {
  folder = makeFolder();
});
afterAll(() => folder.remove());

/** A place where nothing of the tester's own is found. */
const alone = () => ({ cwd: folder.path, env: { XDG_CONFIG_HOME: folder.path, TMPDIR: folder.path } });
const commands = [
  ...[
    'run',
    'demo',
    'doctor',
    'check',
    'lines',
    'explain',
    'counters',
    'events',
    'call',
    'hangup',
    'reload',
    'policy',
    'restart',
  ],
  ...['host', 'edge'],
];
const clusterCommands = ['status', 'lines', 'move', 'drain', 'apply'];

/** An address where nobody listens any more. */
async function nobody(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `nats://127.0.0.1:${port}`;
}

describe('offhook', () => {
  it('lists its commands and exit codes with --help', async () => {
    const { code, out, err } = await offhook(['--help']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    for (const name of [...commands, 'cluster']) expect(out).toMatch(new RegExp(`^ {2}${name} `, 'm'));
    expect(out).toContain('130 interrupted');
  });

  it.each(commands)('%s says with --help what it takes', async (name) => {
    const { code, out, err } = await command([name, '--help']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain(`Usage: offhook ${name}`);
    expect(out).toContain('--json');
  });

  it.each(clusterCommands)('cluster %s says with --help what it takes', async (name) => {
    const { code, out, err } = await command(['cluster', name, '--help']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    for (const words of [`Usage: offhook cluster ${name}`, '--bus', '--cluster', '--json']) expect(out).toContain(words);
  });

  it('says its version', async () => {
    expect(await command(['--version'])).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+$/) });
  });

  it.each([
    [[], 'Usage: offhook'],
    [['chekc', 'x'], 'Did you mean check?'],
    [['check'], "missing required argument 'file'"],
    [['check', 'x', '--bogus'], "unknown option '--bogus'"],
    [['explain'], "missing required argument 'line'"],
    [['lines', 'extra'], 'too many arguments'],
    [['call', '1', '2', '--duration', 'abc'], 'A number of seconds is needed'],
    [['call', '1', '2', '--duration', '0'], 'A number of seconds is needed'],
    [['run', 'x', '--log-level', 'loud'], 'debug, info, warn, error'],
    [['lines', '--cluster', '../x'], 'A name of letters'],
    [['run', 'x', '--bus', 'http://user:hush@host'], 'nats://host:4222'],
    [['cluster'], 'Usage: offhook cluster'],
    [['cluster', 'statsu'], 'Did you mean status?'],
    [['cluster', 'move', '1000'], "missing required argument 'host'"],
    [['host', '--name', 'a.b'], 'A name of letters'],
    [['cluster', 'status', '--bus', 'http://user:hush@host'], 'nats://host:4222'],
  ] as const)('refuses %j with exit 2 and says why', async (args, why) => {
    const { code, out, err } = await command(args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(why);
    expect(err).not.toContain('hush');
  });

  it('tells what is wrong with the usage as JSON with --json', async () => {
    const { code, out, err } = await command(['call', '1', '2', '--duration', 'abc', '--json']);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(jsonLines(err)).toEqual([{ error: { code: 'E_COMMAND_INVALID', message: expect.stringContaining('abc'), exit: 2 } }]);
  });
});

describe('offhook run without a configuration', () => {
  it('says where it has looked, how to write one, and where the demo is', async () => {
    const { code, err } = await offhook(['run'], alone());
    expect(code).toBe(2);
    for (const words of ['offhook.yaml', 'offhook.xml', folder.path, 'OFFHOOK_CONFIG', 'lines:', 'userId', 'offhook demo'])
      expect(err).toContain(words);
  });

  it('takes the one that OFFHOOK_CONFIG names', async () => {
    const { env } = alone();
    const { code, err } = await offhook(['run'], { cwd: folder.path, env: { ...env, OFFHOOK_CONFIG: 'other.yaml' } });
    expect(code).toBe(2);
    expect(err).toContain('Cannot read configuration other.yaml: there is no such file.');
  });
});

describe('commands without a bus', () => {
  it.each([
    [['cluster', 'status'], 'E_COMMAND_INVALID', 'give --bus nats://host:4222, set $OFFHOOK_BUS'],
    [['cluster', 'apply', 'x.yaml'], 'E_COMMAND_INVALID', 'give --bus nats://host:4222, set $OFFHOOK_BUS'],
    [['host'], 'E_CONFIG_INVALID', 'A line host needs a bus: give --bus'],
    [['edge'], 'E_CONFIG_INVALID', 'An edge needs a bus: give --bus'],
  ] as const)('%j ends with exit 2 and says how to name one', async (args, code, words) => {
    const { code: ended, out, err } = await command([...args, '--json']);
    expect({ ended, out }).toEqual({ ended: 2, out: '' });
    expect(jsonLines(err)).toEqual([{ error: { code, message: expect.stringContaining(words), exit: 2 } }]);
  });

  it.each([
    [['host']],
    [['edge']],
    [['cluster', 'status']],
    [['cluster', 'drain', 'h']],
    [['lines']],
    [['counters']],
    [['explain', '1']],
    [['call', '1', '2']],
    [['policy', '1', 'auto']],
  ] as const)('%j ends with exit 3 where none answers', async (args) => {
    const { code, out, err } = await command([...args, '--json', '--bus', await nobody()]);
    expect({ code, out }).toEqual({ code: 3, out: '' });
    const message = expect.stringContaining('start nats-server there, or correct the address');
    expect(jsonLines(err)).toEqual([{ error: { code: 'E_BUS_CONNECT', message, exit: 3 } }]);
  });
});

describe('commands without a runner', () => {
  it.each([['lines'], ['explain', '1'], ['events'], ['call', '1', '2'], ['hangup', '1']])(
    '%s ends with exit 3 and says what to start',
    async (...args) => {
      const { code, out, err } = await command([...args, '--json', '--socket', folder.at('none.sock')]);
      expect({ code, out }).toEqual({ code: 3, out: '' });
      expect(jsonLines(err)).toEqual([
        { error: { code: 'E_CONTROL_UNREACHABLE', message: expect.stringContaining('offhook run'), exit: 3 } },
      ]);
    },
  );

  it('name the clusters that have a socket at the usual place', async () => {
    const home = makeFolder();
    home.write('offhook-lab.sock', '');
    const { code, err } = await offhook(['lines'], { env: { XDG_RUNTIME_DIR: home.path } });
    home.remove();
    expect(code).toBe(3);
    expect(err).toContain('Clusters with a socket here: lab (--cluster NAME).');
  });
});
