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

/** Calls of one SIPp that stay up until somebody says BYE. */
export interface HeldCalls {
  readonly user: string;
  readonly port: number;
  /** The SIPp side of this call says BYE. */
  hangUp(callId: string): Promise<void>;
  /** Resolves once all of them are over, each with a BYE that was answered. @throws Error (rejects) when one went otherwise */
  done(withinMs: number): Promise<void>;
}

/** SIPp in its roles; each call of a function is a process of its own. */
export interface Sipp {
  /** Serves calls; `calls`: ends after so many. */
  called(user: string, calls?: number): Promise<CalledParty>;
  /** Serves one subscription to messages waiting, from SUBSCRIBE to Expires 0. */
  mailbox(user: string): Promise<CalledParty>;
  /** Binds a called party at a registrar, with digest. */
  register(party: Pick<CalledParty, 'user' | 'port'>, registrar: Kamailio): Promise<void>;
  /** Calls a user through a proxy; resolves after BYE. @throws Error (rejects) when the call went otherwise */
  call(user: string, proxy: Kamailio): Promise<void>;
  /** Serves so many calls and holds them. */
  holds(user: string, calls: number): Promise<HeldCalls>;
  /** Calls a user through a proxy, with this Call-ID, and holds the call. */
  calls(user: string, proxy: Kamailio, callId: string): Promise<HeldCalls>;
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
      '240s',
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

  function held(user: string, port: number, child: Child): HeldCalls {
    return {
      user,
      port,
      async hangUp(callId) {
        // Through cat: as one datagram.
        const cue = `INFO sip:cue SIP/2.0\\r\\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKcue\\r\\nFrom: <sip:cue>;tag=1\\r\\nTo: <sip:cue>\\r\\nCall-ID: ${callId}\\r\\nCSeq: 1 INFO\\r\\nContent-Length: 0\\r\\n\\r\\n`;
        await network.run(['bash', '-c', `printf '%b' "$0" | cat > /dev/udp/127.0.0.1/${port}`, cue]);
      },
      done: (withinMs) => finish(`calls of ${user} end`, child, withinMs),
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
    async holds(user, calls) {
      const port = network.port();
      return held(user, port, await start('called-holds', port, ['-m', String(calls)]));
    },
    async calls(user, proxy, callId) {
      const port = network.port();
      return held(user, port, await start('caller-holds', port, ['-m', '1', '-cid_str', callId, '-s', user, proxy.address]));
    },
    call: (user, proxy) => once(`a caller calls ${user}`, 'caller', ['-s', user, proxy.address]),
    async stop() {
      await Promise.all([...running].map((child) => child.stop()));
    },
  };
}
