import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Certificate } from './certificates.ts';
import { type Child, runChild } from './child.ts';
import type { Network } from './network.ts';
import { within } from './waiting.ts';

/** A request as the server's routing script saw it. */
export interface SeenRequest {
  /** On the server's clock, ms since 1970. */
  readonly atMs: number;
  readonly method: string;
  /** `challenged`, `saved` (REGISTER), `seen`, or the status it was told to answer. */
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

/** One Kamailio: registrar and proxy on UDP and TCP, and TLS on request, realm peers.test, password secret. */
export interface Kamailio {
  readonly port: number;
  /** `host:port` */
  readonly address: string;
  /** The same over TLS, by the name localhost. */
  readonly tlsAddress: string;
  /** Every request so far, restarts included. */
  readonly requests: readonly SeenRequest[];
  bindings(): Promise<readonly Binding[]>;
  /** Answers every request of a method with a status. */
  answerWith(method: string, status: number): Promise<void>;
  /** Asks for credentials of every INVITE. */
  challengeCalls(): Promise<void>;
  heal(): Promise<void>;
  /** Shows another certificate from the next start on, and demands one of an authority, given by its path, when told to. */
  present(certificate: Certificate, demanded?: string): Promise<void>;
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

/** The part of `ul.dump` that is read here. */
interface Dump {
  readonly Domains: readonly { readonly Domain: { readonly AoRs: readonly { readonly Info: DumpedUser }[] } }[];
}

interface DumpedUser {
  readonly AoR: string;
  readonly Contacts: readonly {
    readonly Contact: { readonly Address: string; readonly Expires: number; readonly 'Call-ID': string; readonly CSeq: number };
  }[];
}

const readBindings = ({ Domains }: Dump): readonly Binding[] =>
  Domains.flatMap(({ Domain }) => Domain.AoRs).flatMap(({ Info }) =>
    Info.Contacts.map(({ Contact }) => ({
      user: Info.AoR,
      contact: Contact.Address,
      expiresS: Contact.Expires,
      callId: Contact['Call-ID'],
      cseq: Contact.CSeq,
    })),
  );

function tlsConfiguration({ cert, key }: Certificate, demanded?: string): string {
  const own = ['[server:default]', 'method = TLSv1.2+', `certificate = ${cert}`, `private_key = ${key}`];
  const demand = ['verify_certificate = yes', 'require_certificate = yes', `ca_list = ${demanded}`];
  return [...own, ...(demanded === undefined ? [] : demand), ''].join('\n');
}

/**
 * Starts a Kamailio in a folder of its own below `folder`; with a certificate it serves TLS.
 * @throws Error (rejects) with what it printed
 */
export async function startKamailio(
  network: Network,
  folder: string,
  name: string,
  certificate?: Certificate,
): Promise<Kamailio> {
  const home = join(folder, name);
  await mkdir(home, { recursive: true });
  const port = network.port();
  const tlsPort = network.port();
  const tls = join(home, 'tls.cfg');
  const present: Kamailio['present'] = (shown, demanded) => writeFile(tls, tlsConfiguration(shown, demanded));
  if (certificate !== undefined) await present(certificate);
  const fifo = join(home, 'rpc');
  const requests: SeenRequest[] = [];
  let running: Child | undefined;
  let asked = 0;

  /** One request through the FIFO. The shell takes the waiting at both pipes, so that a dead server blocks nobody. */
  async function rpc(method: string, ...params: readonly (string | number)[]): Promise<unknown> {
    asked += 1;
    const reply = `reply${asked}`;
    const request = JSON.stringify({ jsonrpc: '2.0', method, params, reply_name: reply, id: asked });
    const ask = 'mkfifo "$1" && { printf "%s\\n" "$2" > "$3" & cat "$1"; }';
    const text = await runChild(['bash', '-c', ask, 'rpc', join(home, reply), request, fifo]);
    const { result, error } = JSON.parse(text) as { readonly result?: unknown; readonly error?: unknown };
    if (error !== undefined) throw new Error(`Kamailio ${name}, ${method}: ${JSON.stringify(error)}`);
    return result;
  }
  const command: readonly [string, ...string[]] = [
    ...(['kamailio', '-f', script, '-DD', '-E', '-m', '128', '-M', '16', '-x', 'fm', '-X', 'fm', '-b', '4194304'] as const),
    ...['-Y', home, '-P', join(home, 'pid'), '-l', `udp:127.0.0.1:${port}`, '-l', `tcp:127.0.0.1:${port}`],
    ...['-A', `FIFO="${fifo}"`, '-A', `REPLIES="${home}/"`],
    ...(certificate === undefined ? [] : ['-l', `tls:127.0.0.1:${tlsPort}`, '-A', `TLS_CONFIG="${tls}"`]),
  ];

  const kamailio: Kamailio = {
    port,
    address: `127.0.0.1:${port}`,
    tlsAddress: `localhost:${tlsPort}`,
    requests,
    present,
    bindings: async () => readBindings((await rpc('ul.dump')) as Dump),
    async answerWith(method, status) {
      await rpc('htable.seti', 'fault', method, status);
    },
    async challengeCalls() {
      await rpc('htable.seti', 'fault', 'challenge', 1);
    },
    async heal() {
      if (running !== undefined) await rpc('htable.flush', 'fault');
    },
    async stop() {
      await running?.stop();
      running = undefined;
    },
    async start() {
      let isReady: () => void = () => {};
      const ready = new Promise<void>((resolve) => {
        isReady = resolve;
      });
      const child = network.start(command, {
        onErr(line) {
          const request = readRequest(line);
          if (request !== undefined) requests.push(request);
          else if (line.includes('READY')) isReady();
        },
      });
      running = child;
      const failed = child.ended.then(() => Promise.reject(new Error(`Kamailio ${name} ended:\n${child.tail()}`)));
      failed.catch(() => {});
      await within(`Kamailio ${name} serves`, 10_000, Promise.race([ready, failed]), child.tail);
    },
  };
  await kamailio.start();
  return kamailio;
}
