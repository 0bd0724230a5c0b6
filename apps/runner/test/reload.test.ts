import type { LineStatus } from '@offhook/runtime';
import { describe, expect, it } from 'vitest';
import { command } from './support/command.ts';
import { jsonLines } from './support/offhook.ts';
import { startRunner, untilRegistered } from './support/runner.ts';
import { useSite } from './support/site.ts';

/* A running phone is given another configuration and another mechanism (redundancy 6.10, 3.11). */

const site = useSite();
const phone = (more = '', other = '') => `lines:
  - { userId: "1001", password: { env: LINE_PASSWORD }, proxy: "${site.primary.address}"${more} }
${other}`;
const dual = (more = '') =>
  phone(`, alternateProxy: "${site.alternate.address}", dualRegistration: true, proxyFallbackIntvl: 600${more}`);

async function running(text: string) {
  const config = site.folder.write('phone.yaml', text);
  const runner = await startRunner(config, site.folder.at('r.sock'));
  await untilRegistered(runner.socket);
  const ask = async (...args: readonly string[]) => {
    const { code, out, err } = await command([...args, '--socket', runner.socket, '--json']);
    return { code, value: jsonLines(out)[0], error: jsonLines(err).at(-1) };
  };
  const tell = (...args: readonly string[]) => command([...args, '--socket', runner.socket]);
  const lines = async () => (await ask('lines')).value as readonly LineStatus[];
  return { runner, config, ask, tell, lines };
}

describe('offhook reload', () => {
  it('says what counts now and what waits for what, for people', async () => {
    const { runner, config, tell } = await running(phone());
    site.folder.write('phone.yaml', phone(', displayName: Desk, dualRegistration: true'));
    const { code, out } = await tell('reload');
    expect(code).toBe(0);
    expect(out).toContain(`${config}: read anew.`);
    expect(out).toContain('1001  Display Name: counts from now on');
    expect(out).toContain('1001  Dual Registration: waits for a restart: offhook restart LINE');
    expect((await tell('lines')).out).toMatch(/waiting {4}Dual Registration for a restart/);
    expect((await tell('explain', '1001')).out).toMatch(/waiting {4}Dual Registration for a restart/);
    expect((await tell('reload')).out).toContain('Dual Registration: waits');
    await runner.stop();
  });

  it('starts and ends lines, and says when nothing has changed', async () => {
    const { runner, ask, tell, lines } = await running(phone());
    expect((await tell('reload')).out).toMatch(/nothing has changed\.$/);
    const other = `  - { userId: "1002", password: { env: LINE_PASSWORD }, proxy: "${site.primary.address}" }\n`;
    site.folder.write('phone.yaml', phone('', other));
    expect((await ask('reload')).value).toMatchObject({ lines: [{ line: '1002', what: 'added' }], restartRequired: false });
    await untilRegistered(runner.socket);
    expect((await lines()).map(({ id }) => id)).toEqual(['1001', '1002']);
    await runner.stop();
  });

  it('reads another file when one is named, and that one from then on', async () => {
    const { runner, ask } = await running(phone());
    const path = site.folder.write('other.yaml', phone(', displayName: Desk'));
    expect((await ask('reload', path)).value).toMatchObject({
      path,
      lines: [{ changes: [{ key: 'displayName', takesEffect: 'now' }] }],
    });
    expect((await ask('reload')).value).toMatchObject({ path, lines: [] });
    await runner.stop();
  });

  it('refuses a file that cannot be run, as a whole, with its faults and exit 2', async () => {
    const { runner, ask, lines } = await running(phone());
    site.folder.write('phone.yaml', phone(', sipTransport: QUIC'));
    expect(await ask('reload')).toMatchObject({
      code: 2,
      error: { error: { code: 'E_CONFIG_INVALID', exit: 2, findings: [{ code: 'value.invalid', at: { line: 2 } }] } },
    });
    expect((await lines())[0]).toMatchObject({ route: 'onTop' });
    expect(await ask('reload', 'missing.yaml')).toMatchObject({ code: 2, error: { error: { code: 'E_CONFIG_UNREADABLE' } } });
    await runner.stop();
  });

  it('comes by SIGHUP too', async () => {
    const { runner, lines } = await running(phone());
    site.folder.write('phone.yaml', phone(', dualRegistration: true'));
    runner.child.kill('SIGHUP');
    expect(await runner.line('read anew')).toContain('Dual Registration');
    expect((await lines())[0]).toMatchObject({ restartRequired: true });
    await runner.stop();
  });
});

describe('offhook policy', () => {
  it('RED-89 is refused beside Dual Registration with both names, the sentence and the remedy; the line goes on', async () => {
    const { runner, ask, tell, lines } = await running(dual());
    expect(await ask('policy', '1001', 'broadsoft')).toMatchObject({
      code: 2,
      error: {
        error: {
          code: 'E_POLICY_CONFLICT',
          exit: 2,
          findings: [{ code: 'policy.conflict', seen: 'broadsoft', path: 'xMechanism' }],
        },
      },
    });
    const { code, err } = await tell('policy', '1001', 'dns-srv');
    expect(code).toBe(2);
    for (const words of [
      'Line 1001 does not take the mechanism dns-srv; it goes on as it is.',
      'DNS SRV failover and recovery (dns-srv) and Dual Registration (dual-registration) cannot rule one line together',
      'both would rule bindings, route and recovery',
      'cannot be combined with other fallback or recovery mechanisms',
      'Set X Mechanism to auto.',
    ])
      expect(err.replaceAll(/\n +/g, ' ')).toContain(words);
    const [line] = await lines();
    expect(line).toMatchObject({ mode: 'dual', degraded: true, legs: [{ usable: true }, { usable: true }] });
    expect(line?.refusals.map(({ asked }) => asked)).toEqual(['broadsoft', 'dns-srv']);
    expect((await tell('explain', '1001')).out).toMatch(/mechanism refused: DNS SRV/);
    await runner.stop();
  });

  it('is admitted elsewhere and waits for the restart of the line', async () => {
    const { runner, ask, tell, lines } = await running(phone());
    expect(await ask('policy', '1001', 'broadsoft')).toMatchObject({
      code: 0,
      value: { line: '1001', mechanism: 'broadsoft', rules: 'broadsoft', restartRequired: true },
    });
    expect((await tell('policy', '1001', 'broadsoft')).out).toContain(
      'not in force before the line is restarted: offhook restart 1001',
    );
    expect((await tell('restart', '1001')).out).toBe('1001 is being restarted.');
    await untilRegistered(runner.socket);
    expect((await lines())[0]?.restartRequired).toBeUndefined();
    await runner.stop();
  });

  it.each([
    [['policy', '1001', 'brodsoft'], 'E_POLICY_UNAVAILABLE'],
    [['policy', '9', 'auto'], 'E_LINE_UNKNOWN'],
    [['restart', '9'], 'E_LINE_UNKNOWN'],
  ])('%j ends with %s and exit 2', async (args, code) => {
    const { runner, ask } = await running(phone());
    expect(await ask(...args)).toMatchObject({ code: 2, error: { error: { code, exit: 2 } } });
    await runner.stop();
  });
});
