import { type ExtConfig, lineConfig } from '@offhook/core';
import { describe, expect, it } from 'vitest';
import { identityOf } from './identity.ts';

const target = (ext: Partial<ExtConfig>) => identityOf(lineConfig({ id: '1', ext }), ['primary']).legs.primary?.target;

describe('what a TLS server has to prove', () => {
  it('is the name it is reached by, unless TLS Name Validate is off', () => {
    const ext = { proxy: 'sip-a.example', sipTransport: 'TLS' } as const;
    expect(target(ext)).toEqual({ host: 'sip-a.example', port: 5061, protocol: 'tls', validateName: true });
    expect(target({ ...ext, tlsNameValidate: false })).toMatchObject({ validateName: false });
  });

  it('is the name of a static list, not its address', () => {
    expect(target({ proxy: 'sip-a.example:A=192.0.2.1', sipTransport: 'TLS' })).toMatchObject({
      host: '192.0.2.1',
      serverName: 'sip-a.example',
    });
  });

  it('is nothing over another transport', () => {
    expect(target({ proxy: 'sip-a.example:A=192.0.2.1' })).toEqual({ host: '192.0.2.1', port: 5060, protocol: 'udp' });
  });
});
