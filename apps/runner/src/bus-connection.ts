import type { RuntimeConfig } from '@offhook/core';

/** How a configuration connects to the bus at `url`: one server or several joined by commas. */
export function busConnection({ bus: { creds, nkey, tls, replicas } }: RuntimeConfig, url: string) {
  return {
    servers: url,
    ...(creds === undefined ? {} : { creds }),
    ...(nkey === undefined ? {} : { nkey }),
    ...(tls === undefined ? {} : { tls }),
    ...(replicas === undefined ? {} : { replicas }),
  };
}
