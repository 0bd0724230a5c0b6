import { type Endpoint, formatEndpoint } from '@offhook/core';

/** Hands out local ports of a range. Connections to different remotes may share one; to the same remote they may not. */
export interface LocalPorts {
  /** Every port that may be tried for this remote, in order; `undefined` alone stands for the system's choice. */
  candidates(remote: Endpoint): readonly (number | undefined)[];
  take(remote: Endpoint, port: number | undefined): void;
  release(remote: Endpoint, port: number | undefined): void;
}

/** @source manual, SIP TCP Port Min and Max */
export function createLocalPorts(range: { readonly min: number; readonly max: number } | undefined): LocalPorts {
  if (range === undefined) return { candidates: () => [undefined], take() {}, release() {} };
  const { min, max } = range;
  const size = max - min + 1;
  const taken = new Set<string>();
  const name = (remote: Endpoint, port: number | undefined): string => `${port} ${formatEndpoint(remote)}`;
  let next = 0;
  return {
    // Round robin: a port just given up is the last to be tried again, its old connection may linger in the kernel.
    candidates: (remote) =>
      Array.from({ length: size }, (_, i) => min + ((next + i) % size)).filter((port) => !taken.has(name(remote, port))),
    take(remote, port) {
      taken.add(name(remote, port));
      if (port !== undefined) next = (port - min + 1) % size;
    },
    release: (remote, port) => void taken.delete(name(remote, port)),
  };
}
