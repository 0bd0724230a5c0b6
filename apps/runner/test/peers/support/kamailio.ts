import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Child, runChild } from './child.ts';
import type { Network } from './network.ts';
import { until } from './waiting.ts';

/** A request as the server's routing script saw it. */
export interface SeenRequest {
  /** On the server's clock, ms since 1970. */
  readonly atMs: number;
  readonly method: string;
  /** `challenged`, `saved` (REGISTER), `seen`, or the status it was told to answer; 0: none. */
  readonly outcome: string;
  readonly user: string;
  readonly callId: string;
  readonly cseq: number;
  readonly branch: string;
  readonly expiresS: number | undefined;
  /** Digest count of the nonce; undefined without credentials. */
  readonly nonceCount: number | undefined;
}

/** A binding of the server's location table. */
export interface Binding {
  readonly user: string;
  readonly contact: string;
  readonly expiresS: number;
  readonly callId: string;
  readonly cseq: number;
}

/** One Kamailio: registrar and proxy on UDP and TCP, realm peers.test, password secret. */
export interface Kamailio {
  readonly port: number;
  /** `host:port` */
  readonly address: string;
  /** Every request so far, restarts included. */
  readonly requests: readonly SeenRequest[];
  bindings(): Promise<readonly Binding[]>;
  /** Answers every request of a method with a status. */
  answerWith(method: string, status: number): Promise<void>;
  /** Asks for credentials of every INVITE. */
  challengeCalls(): Promise<void>;
  heal(): Promise<void>;
  /** Nothing listens afterwards; bindings are lost. */
  stop(): Promise<void>;
  /** Listens again on the same port. */
  start(): Promise<void>;
}

const script = fileURLToPath(new URL('kamailio.cfg', import.meta.url));
const mark = 'REQUEST|';

function readRequest(line: string): SeenRequest | undefined {
  const at = line.indexOf(mark);
  if (at < 0) return undefined;
  const [time, method, outcome, user, callId, cseq, branch, expires, authorization] = line.slice(at + mark.length).split('|');
  const count = /\bnc=([0-9a-f]+)/i.exec(authorization ?? '')?.[1];
  return {
    atMs: Math.round(Number(time) * 1000),
    method: method ?? '',
    outcome: outcome ?? '',
    user: user ?? '',
    callId: callId ?? '',
    cseq: Number(cseq),
    branch: branch ?? '',
    expiresS: /^\d+$/.test(expires ?? '') ? Number(expires) : undefined,
    nonceCount: count === undefined ? undefined : Number.parseInt(count, 16),
  };
}

/** What `ul.dump` prints: one block a contact. */
function readBindings(dump: string): readonly Binding[] {
  const found: Binding[] = [];
  let user = '';
  let block: Record<string, string> = {};
  for (const line of dump.split('\n')) {
    const [, name, value = ''] = /^\s*([A-Za-z-]+): (.*?)\s*$/.exec(line) ?? [];
    if (name === 'AoR') user = value;
    else if (name === 'Address') block = { Address: value };
    else if (name !== undefined) block[name] = value;
    // Each block is complete with its CSeq, which follows its Call-ID.
    if (name !== 'CSeq') continue;
    const { Address = '', Expires, 'Call-ID': callId = '', CSeq } = block;
    found.push({ user, contact: Address, expiresS: Number(Expires), callId, cseq: Number(CSeq) });
  }
  return found;
}

/** Starts a Kamailio in a folder of its own below `folder`. @throws Error (rejects) with what it printed */
export async function startKamailio(network: Network, folder: string, name: string): Promise<Kamailio> {
  const home = join(folder, name);
  await mkdir(home, { recursive: true });
  const port = network.port();
  const control = `unix:${join(home, 'ctl')}`;
  const requests: SeenRequest[] = [];
  let running: Child | undefined;

  const rpc = (...args: readonly string[]): Promise<string> => runChild(['kamcmd', '-s', control, ...args]);
  const isUp = (): Promise<boolean> => rpc('core.version').then(Boolean, () => false);
  const command: readonly [string, ...string[]] = [
    ...(['kamailio', '-f', script, '-DD', '-E', '-m', '128', '-M', '16', '-x', 'fm', '-X', 'fm', '-b', '4194304'] as const),
    ...['-Y', home, '-P', join(home, 'pid'), '-l', `udp:127.0.0.1:${port}`, '-l', `tcp:127.0.0.1:${port}`],
    ...['-A', `CONTROL="${control}"`],
  ];

  const kamailio: Kamailio = {
    port,
    address: `127.0.0.1:${port}`,
    requests,
    bindings: async () => readBindings(await rpc('ul.dump')),
    async answerWith(method, status) {
      await rpc('htable.seti', 'fault', method, String(status));
    },
    async challengeCalls() {
      await rpc('htable.seti', 'fault', 'challenge', '1');
    },
    async heal() {
      await rpc('htable.flush', 'fault');
    },
    async stop() {
      await running?.stop();
      running = undefined;
    },
    async start() {
      const child = network.start(command, {
        onErr(line) {
          const request = readRequest(line);
          if (request !== undefined) requests.push(request);
        },
      });
      running = child;
      let ended = false;
      void child.ended.then(() => {
        ended = true;
      });
      await until(`Kamailio ${name} serves`, 10_000, async () => ended || (await isUp()), child.tail);
      if (ended) throw new Error(`Kamailio ${name} ended at once:\n${child.tail()}`);
    },
  };
  await kamailio.start();
  return kamailio;
}
