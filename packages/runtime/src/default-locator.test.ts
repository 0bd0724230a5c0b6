import { systemAmbient } from '@offhook/core';
import { describe, expect, test } from 'vitest';
import { createDefaultLocator } from './default-locator.ts';

const request = { host: 'localhost', port: 5060, protocol: 'udp', families: ['ipv4'] } as const;

describe('the locator of a runtime', () => {
  test('finds what stands in the hosts file, without DNS', async () => {
    const { locate } = createDefaultLocator({}, systemAmbient());
    expect(await locate(request)).toMatchObject([{ host: '127.0.0.1', port: 5060, rank: 0, name: 'localhost' }]);
  });

  test('finds it as well where the DNS servers of the configuration do not answer', async () => {
    // Nobody listens on port 1.
    const { locate } = createDefaultLocator({ dns: { servers: ['127.0.0.1:1'] } }, systemAmbient());
    expect(await locate(request)).toMatchObject([{ host: '127.0.0.1' }]);
  });

  test('says which name has no address', async () => {
    const { locate } = createDefaultLocator({ dns: { servers: ['127.0.0.1:1'] } }, systemAmbient());
    await expect(locate({ ...request, host: 'nowhere.invalid', port: undefined })).rejects.toMatchObject({
      code: 'E_TRANSPORT_UNRESOLVED',
      message: expect.stringContaining('nowhere.invalid'),
    });
  });
});
