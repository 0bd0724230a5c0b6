import { createSocket } from 'node:dgram';
import { existsSync, mkdirSync, statSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { command } from './support/command.ts';
import { jsonLines, offhook, startOffhook } from './support/offhook.ts';
import { linePassword, startRunner, untilRegistered } from './support/runner.ts';
import { dualYaml } from './support/server.ts';
import { useSite } from './support/site.ts';

const site = useSite();

const good = (): string => site.folder.write('phone.yaml', dualYaml(site.primary.address, site.alternate.address));
const bindings = (): number => site.primary.registrar.bindings().length + site.alternate.registrar.bindings().length;

interface Running {
  readonly event: string;
  readonly lines: number;
  readonly listening: readonly { readonly port: number }[];
  readonly control: string;
}

describe('offhook run', () => {
  it('registers every line at both servers, and withdraws all of it on SIGTERM', async () => {
    const runner = await startRunner(good(), site.folder.at('a.sock'));
    await untilRegistered(runner.socket);
    expect(bindings()).toBe(6);
    expect(await runner.stop()).toBe(130);
    expect(bindings()).toBe(0);
    expect(existsSync(runner.socket)).toBe(false);
    const [running, ...others] = jsonLines(runner.out.join('\n')) as readonly Running[];
    expect(others).toEqual([]);
    expect(running).toMatchObject({ event: 'running', lines: 3, control: runner.socket });
    expect(running?.listening.every(({ port }) => port > 0)).toBe(true);
    for (const remark of jsonLines(runner.err.join('\n'))) expect(remark).toHaveProperty('remark');
  });

  it('tells people where it listens, how far the registrations are, and what Ctrl-C does', async () => {
    const runner = startOffhook(['run', good(), '--socket', site.folder.at('b.sock')], { env: { LINE_PASSWORD: linePassword } });
    await runner.line('Running 3 lines on 127.0.0.1:');
    await runner.line('3 lines: 3 of 3 registered at the primary, 3 of 3 registered at the alternate.');
    expect(await runner.stop('SIGINT')).toBe(130);
    expect(runner.err.join('\n')).toContain('registrations withdrawn');
    expect(runner.out.join('\n')).toContain(site.folder.at('b.sock'));
  });

  it('ends at once on a second Ctrl-C, while a server is silent', async () => {
    const runner = await startRunner(good(), site.folder.at('c.sock'));
    await untilRegistered(runner.socket);
    site.primary.registrar.silence();
    runner.child.kill('SIGINT');
    await runner.line('Once more ends at once');
    expect(await runner.stop('SIGINT')).toBe(130);
    site.primary.registrar.clear();
    site.primary.registrar.forget();
  });

  it('takes over the socket file of a runner that was killed', async () => {
    const killed = await startRunner(good(), site.folder.at('d.sock'));
    expect(await killed.stop('SIGKILL')).toBe('SIGKILL');
    expect(statSync(killed.socket).isSocket()).toBe(true);
    const runner = await startRunner(good(), killed.socket);
    await untilRegistered(runner.socket);
    expect(await runner.stop()).toBe(130);
  });

  it('runs a flat profile', async () => {
    const [host, port] = site.primary.address.split(':');
    const path = site.folder.write(
      'profile.xml',
      `<flat-profile>
  <User_ID_1_>4001</User_ID_1_>
  <Password_1_>${linePassword}</Password_1_>
  <Proxy_1_>${host}:${port}</Proxy_1_>
  <SIP_Transport_1_>UDP</SIP_Transport_1_>
  <SIP_Port_1_>0</SIP_Port_1_>
</flat-profile>`,
    );
    const runner = await startRunner(path, site.folder.at('e.sock'));
    await untilRegistered(runner.socket);
    expect(site.primary.registrar.bindings('4001')).toHaveLength(1);
    expect(await runner.stop()).toBe(130);
  });

  it('keeps Dual Registration beside a forbidden mechanism and shows the refusal in explain', async () => {
    const conflict = dualYaml(site.primary.address, site.alternate.address).replace(
      'lines:',
      '    xMechanism: broadsoft\nlines:',
    );
    const runner = await startRunner(site.folder.write('conflict.yaml', conflict), site.folder.at('f.sock'));
    await untilRegistered(runner.socket);
    const { code, out } = await command(['explain', '1001', '--socket', runner.socket, '--json']);
    expect(code).toBe(0);
    const refusal = expect.objectContaining({ code: 'policy.conflict', asked: 'broadsoft' });
    expect(jsonLines(out)).toEqual([expect.objectContaining({ mode: 'dual', degraded: true, refusals: [refusal] })]);
    const text = await command(['explain', '1001', '--socket', runner.socket]);
    expect(text.out).toContain('refused    BroadWorks');
    expect(text.out).toContain('remedy     Set X Mechanism to auto.');
    expect(await runner.stop()).toBe(130);
    expect(runner.err.join('\n')).toContain('policy.conflict');
  });
});

describe('offhook run that cannot start', () => {
  const run = (path: string, socket = site.folder.at('x.sock')) =>
    offhook(['run', path, '--json', '--socket', socket], { env: { LINE_PASSWORD: linePassword } });
  const errorOf = (err: string) => (jsonLines(err) as readonly { readonly error?: unknown }[]).at(-1)?.error;

  it('exits 2 when a secret is missing, and says which', async () => {
    const { code, out, err } = await offhook(['run', good(), '--json', '--socket', site.folder.at('x.sock')]);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain('environment variable LINE_PASSWORD');
  });

  it('exits 3 when its port is in use, and says which', async () => {
    const other = createSocket('udp4');
    const port = await new Promise<number>((resolve) => other.bind(0, '127.0.0.1', () => resolve(other.address().port)));
    const taken = dualYaml(site.primary.address, site.alternate.address).replace('port: 0', `port: ${port}`);
    const { code, out, err } = await run(site.folder.write('taken.yaml', taken));
    other.close();
    expect({ code, out }).toEqual({ code: 3, out: '' });
    expect(errorOf(err)).toMatchObject({ code: 'E_TRANSPORT_IN_USE', message: expect.stringContaining(String(port)) });
    expect(existsSync(site.folder.at('x.sock'))).toBe(false);
  });

  it('exits 3 when another runner serves the socket, before it sends anything', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(site.folder.at('y.sock'), resolve));
    const before = site.primary.registrar.seen().length;
    const { code, err } = await run(good(), site.folder.at('y.sock'));
    other.close();
    expect(code).toBe(3);
    expect(errorOf(err)).toMatchObject({ code: 'E_TRANSPORT_IN_USE', message: expect.stringContaining('another runner') });
    expect(site.primary.registrar.seen()).toHaveLength(before);
  });

  it.each([
    ['its path is too long', () => site.folder.at('s'.repeat(120)), '107'],
    ['a file that is no socket is there', () => site.folder.write('precious', 'keep me'), 'something else'],
    ['its folder is a link', () => `${link()}/z.sock`, 'symbolic link'],
    ['others may write to its folder', () => `${openFolder()}/z.sock`, 'written by others'],
    ['its folder cannot be made', () => `${site.folder.write('plain', '')}/below/z.sock`, 'Cannot make the folder'],
  ])('exits 3 when %s, and says so', async (_, socket, why) => {
    const { code, out, err } = await run(good(), socket());
    expect({ code, out }).toEqual({ code: 3, out: '' });
    expect(errorOf(err)).toMatchObject({ code: 'E_TRANSPORT_BIND', message: expect.stringContaining(why) });
    if (existsSync(site.folder.at('precious'))) expect(statSync(site.folder.at('precious')).size).toBe(7);
  });

  it('exits 3 when the bus cannot be reached, and never shows its password', async () => {
    const closed = createServer();
    const port = await new Promise<number>((resolve) =>
      closed.listen(0, '127.0.0.1', () => resolve((closed.address() as { port: number }).port)),
    );
    await new Promise<void>((resolve) => closed.close(() => resolve()));
    const bus = ['--bus', `nats://me:hush-hush@127.0.0.1:${port}`];
    const { code, err } = await offhook(['run', good(), ...bus, '--json', '--socket', site.folder.at('x.sock')], {
      env: { LINE_PASSWORD: linePassword },
    });
    expect(code).toBe(3);
    expect(errorOf(err)).toMatchObject({ code: 'E_BUS_CONNECT' });
    expect(err).not.toContain('hush-hush');
  });

  function link(): string {
    mkdirSync(site.folder.at('real'), { recursive: true, mode: 0o700 });
    symlinkSync(site.folder.at('real'), site.folder.at('link'));
    return site.folder.at('link');
  }

  function openFolder(): string {
    mkdirSync(site.folder.at('open'), { recursive: true });
    const before = process.umask(0);
    mkdirSync(site.folder.at('open/all'), { mode: 0o777 });
    process.umask(before);
    return site.folder.at('open/all');
  }
});
