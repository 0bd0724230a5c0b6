import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Kamailio, startKamailio } from '../../apps/runner/test/peers/support/kamailio.ts';
import { openStage, type Stage } from '../../apps/runner/test/peers/support/stage.ts';
import { within } from '../../apps/runner/test/peers/support/waiting.ts';
import { readOptions, type SoakOptions } from './options.ts';
import { createPeersFaults, type PeersFaults } from './peers-faults.ts';
import type { PhoneSays } from './phone.ts';
import { type Checkpoint, judge, tell } from './report.ts';

/* Minutes of many lines against two real Kamailios in a network namespace, with faults on the wire and at the servers. */

const looks = 4;
const longestRecoveryMs = 180_000;
type Look = Extract<PhoneSays, { readonly event: 'look' }>;

/** The phone, as a process in the namespace. */
interface Phone {
  look(): Promise<Look>;
  /** What is left behind. */
  stop(): Promise<readonly string[]>;
}

/** One line in ten runs over TCP. */
function configuration([primary, alternate]: readonly Kamailio[], port: number, lines: number): unknown {
  const overTcp = Math.floor(lines / 10);
  const listen = (['udp', 'tcp'] as const).map((protocol) => ({ protocol, host: '127.0.0.1', port }));
  const template = {
    ...{ proxy: primary?.address, alternateProxy: alternate?.address, dualRegistration: true, proxyFallbackIntvl: 0 },
    ...{ password: 'secret', registerExpires: 120 },
  };
  return {
    cluster: 'soak',
    edge: { listen },
    phone: { xInitialRegSpread: Math.ceil(lines / 200), regRetryIntvl: 10, regRetryRandomDelay: 10, retryRegRsc: '5??' },
    templates: { udp: template, tcp: { ...template, sipTransport: 'TCP' } },
    lines: [
      { template: 'udp', from: 100_000, count: lines - overTcp },
      { template: 'tcp', from: 200_000, count: overTcp },
    ],
  };
}

async function startPhone(stage: Stage, config: unknown): Promise<Phone> {
  const path = join(stage.folder, 'phone.json');
  await writeFile(path, JSON.stringify(config));
  const waiting = new Map<string, (said: PhoneSays) => void>();
  const next = (event: PhoneSays['event'], withinMs: number): Promise<PhoneSays> =>
    within(`the phone says "${event}"`, withinMs, new Promise((resolve) => waiting.set(event, resolve)), () => child.tail());
  const program = fileURLToPath(new URL('../../dist/soak/phone.mjs', import.meta.url));
  const child = stage.network.start([process.execPath, '--expose-gc', program, path], {
    onOut(line) {
      const said = JSON.parse(line) as PhoneSays;
      waiting.get(said.event)?.(said);
    },
  });
  stage.keep({ stop: () => child.stop() });
  await next('running', 60_000);
  return {
    async look() {
      child.signal('SIGUSR2');
      return (await next('look', 30_000)) as Look;
    },
    async stop() {
      child.signal('SIGTERM');
      const said = await next('ended', 60_000);
      return said.event === 'ended' ? said.left : [];
    },
  };
}

/** Time passes until every leg is registered, or has had its chance. */
async function registered(phone: Phone): Promise<Look> {
  const deadline = performance.now() + longestRecoveryMs;
  for (;;) {
    const found = await phone.look();
    if (found.registeredLegs === found.legs || performance.now() > deadline) return found;
    await pause(1_000);
  }
}

async function live(phone: Phone, { minutes }: SoakOptions, faults: PeersFaults): Promise<readonly Checkpoint[]> {
  const checkpoints: Checkpoint[] = [];
  const startMs = performance.now();
  const elapsedMin = (): number => (performance.now() - startMs) / 60_000;
  await registered(phone);
  for (let part = 1; part <= looks; part++) {
    while (elapsedMin() < (minutes * part) / looks) await faults.next();
    await faults.heal();
    const { event: _, ...found } = await registered(phone);
    const checkpoint = { at: `${elapsedMin().toFixed(1)} min`, ...found, faults: faults.total };
    checkpoints.push(checkpoint);
    process.stderr.write(`${checkpoint.at}: ${found.heapMb.toFixed(1)} MB, ${found.registeredLegs}/${found.legs} legs\n`);
  }
  return checkpoints;
}

const options = readOptions(process.argv.slice(2), 5_000);
const startMs = performance.now();
const stage = await openStage();
try {
  const servers: Kamailio[] = [];
  for (const name of ['primary', 'alternate']) servers.push(stage.keep(await startKamailio(stage.network, stage.folder, name)));
  const phone = await startPhone(stage, configuration(servers, stage.network.port(), options.lines));
  const faults = createPeersFaults(stage.network, servers, options.seed);
  const checkpoints = await live(phone, options, faults);
  const left = (await phone.stop()).map((name) => `${name} left behind after the stop`);
  tell({
    soak: `${options.minutes} min against two Kamailios`,
    lines: options.lines,
    seed: options.seed,
    checkpoints,
    faults: faults.counts,
    wallS: (performance.now() - startMs) / 1_000,
    missed: [...judge(checkpoints), ...left],
  });
} finally {
  await stage.close();
}
