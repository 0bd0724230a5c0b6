import { parseRuntimeConfig } from '@offhook/core';
import { describe, expect, test } from 'vitest';
import { createRuntime } from '../src/index.ts';

const listen = [{ protocol: 'tls', host: '127.0.0.1', port: 0 }] as const;
const pem = (kind: string): string => `-----BEGIN ${kind}-----\nAAAA\n-----END ${kind}-----`;

describe('createRuntime() with a TLS address', () => {
  test('and no certificate connects, and listens nowhere', async () => {
    const runtime = await createRuntime({ config: parseRuntimeConfig({ edge: { listen: [...listen] } }) });
    expect(runtime.listening).toEqual([]);
    await runtime.stop();
  });

  test('and a certificate that is none is refused as a configuration', async () => {
    const tls = { cert: pem('CERTIFICATE'), key: pem('PRIVATE KEY') };
    const config = parseRuntimeConfig({ edge: { listen: [...listen], tls } });
    await expect(createRuntime({ config })).rejects.toMatchObject({
      code: 'E_CONFIG_INVALID',
      message: expect.stringContaining('edge.tls: '),
    });
  });
});
