import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Child } from './child.ts';
import type { Kamailio } from './kamailio.ts';
import type { Network } from './network.ts';
import { within } from './waiting.ts';

/** A SIPp that answers calls. */
export interface CalledParty {
  readonly user: string;
  readonly port: number;
  /** Resolves once as many whole calls as were asked for are over: INVITE to BYE, each as its scenario says. */
  done(withinMs: number): Promise<void>;
  stop(): Promise<void>;
}

/** SIPp in its roles; each call of a function is a process of its own. */
export interface Sipp {
  /** Serves calls; `calls`: ends after so many. */
  called(user: string, calls?: number): Promise<CalledParty>;
  /** Serves one subscription to messages waiting, from SUBSCRIBE to Expires 0. */
  mailbox(user: string): Promise<CalledParty>;
  /** Binds a called party at a registrar, with digest. */
  register(party: CalledParty, registrar: Kamailio): Promise<void>;
  /** Calls a user through a proxy; resolves after BYE. @throws Error (rejects) when the call went otherwise */
  call(user: string, proxy: Kamailio): Promise<void>;
  stop(): Promise<void>;
}

const scenario = (name: string): string => fileURLToPath(new URL(`sipp/${name}.xml`, import.meta.url));

export function createSipp(network: Network, folder: string): Sipp {
  const home = join(folder, 'sipp');
  const running = new Set<Child>();

  async function start(name: string, port: number, args: readonly string[]): Promise<Child> {
    await mkdir(home, { recursive: true });
    const fixed = [
      '-sf',
      scenario(name),
      '-i',
      '127.0.0.1',
      '-p',
      String(port),
      '-nostdin',
      '-trace_err',
      '-timeout',
      '60s',
      '-timeout_error',
    ];
    const child = network.start(['sipp', ...fixed, ...args], { cwd: home });
    running.add(child);
    void child.ended.then(() => running.delete(child));
    return child;
  }

  async function finish(what: string, child: Child, withinMs: number): Promise<void> {
    const { code } = await within(what, withinMs, child.ended, child.tail);
    if (code !== 0) throw new Error(`${what}: SIPp ended with ${code}\n${child.tail()}`);
  }

  const once = async (what: string, name: string, args: readonly string[]): Promise<void> =>
    finish(what, await start(name, network.port(), ['-m', '1', ...args]), 20_000);

  async function serve(name: string, user: string, calls: number | undefined): Promise<CalledParty> {
    const port = network.port();
    const child = await start(name, port, calls === undefined ? [] : ['-m', String(calls)]);
    return {
      user,
      port,
      done: (withinMs) => finish(`${user} is ${name}`, child, withinMs),
      async stop() {
        await child.stop();
      },
    };
  }

  return {
    called: (user, calls) => serve('called', user, calls),
    mailbox: (user) => serve('mailbox', user, 1),
    register: ({ user, port }, registrar) =>
      once(`${user} registers`, 'register', [
        '-s',
        user,
        '-au',
        user,
        '-ap',
        'secret',
        '-key',
        'contact',
        String(port),
        registrar.address,
      ]),
    call: (user, proxy) => once(`a caller calls ${user}`, 'caller', ['-s', user, proxy.address]),
    async stop() {
      await Promise.all([...running].map((child) => child.stop()));
    },
  };
}
