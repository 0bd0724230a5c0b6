import { type Child, type ChildOptions, runChild, startChild } from './child.ts';
import { within } from './waiting.ts';

/**
 * A network of the test's own: one loopback interface in a network namespace that ends with the test. Every port in it is free,
 * nothing else is seen on it, and packets can be dropped or refused without touching the machine.
 */
export interface Network {
  /** A port that no other part of this test was given. */
  port(): number;
  /** The range that `port` gives from. */
  readonly ports: { readonly first: number; readonly last: number };
  start(command: readonly [string, ...string[]], options?: ChildOptions): Child;
  run(command: readonly [string, ...string[]], options?: ChildOptions & { readonly withinMs?: number }): Promise<string>;
  /** From now on packets to and from the port vanish, as behind a dead cable. */
  silence(port: number): Promise<void>;
  /** From now on every TCP segment to the port is answered with a reset. */
  reset(port: number): Promise<void>;
  /** Takes all faults back. */
  heal(): Promise<void>;
  close(): Promise<void>;
}

const table = `table inet peers {
  chain faults {
    type filter hook input priority 0; policy accept;
  }
}`;

/** A user namespace gives an ordinary user the rights that root has already. */
const asUser = process.getuid?.() !== 0;
export const unshare: readonly [string, ...string[]] = ['unshare', ...(asUser ? ['--user', '--map-root-user'] : []), '--net'];

/** @throws Error (rejects) when this user may make no network namespace */
export async function openNetwork(): Promise<Network> {
  let isUp: () => void = () => {};
  const up = new Promise<void>((resolve) => {
    isUp = resolve;
  });
  // The namespace lives as long as `cat`, and that as long as our end of its input: nothing remains of a killed test.
  const holder = startChild([...unshare, 'sh', '-c', 'ip link set lo up && echo up && exec cat'], { onOut: isUp });
  const failed = holder.ended.then(() => {
    throw new Error(`No network namespace: ${holder.tail()}`);
  });
  await within('a network namespace', 5_000, Promise.race([up, failed]), holder.tail);
  failed.catch(() => {});

  const inside = (command: readonly [string, ...string[]]): [string, ...string[]] => [
    'nsenter',
    ...(asUser ? ['--user', '--preserve-credentials'] : []),
    '--net',
    '--target',
    String(holder.pid),
    ...command,
  ];
  const run: Network['run'] = (command, options) => runChild(inside(command), options);
  const rules = async (...lines: readonly string[]): Promise<void> => {
    await run(['nft', lines.join('\n')]);
  };
  await rules(table);

  const ports = { first: 20_000, last: 20_999 };
  let next = ports.first;
  return {
    ports,
    port() {
      next += 1;
      return next - 1;
    },
    start: (command, options) => startChild(inside(command), options),
    run,
    silence: (port) =>
      rules(
        `add rule inet peers faults meta l4proto { tcp, udp } th dport ${port} drop`,
        `add rule inet peers faults meta l4proto { tcp, udp } th sport ${port} drop`,
      ),
    reset: (port) => rules(`add rule inet peers faults tcp dport ${port} reject with tcp reset`),
    heal: () => rules('flush chain inet peers faults'),
    async close() {
      await holder.stop();
    },
  };
}
