import { type ExtConfig, type LineConfig, lineConfig } from '@offhook/core';
import { describe, expect, it } from 'vitest';
import { identityOf } from './identity.ts';
import { registrationSettings } from './settings.ts';

const hops: Partial<ExtConfig> = { proxy: '192.0.2.1', alternateProxy: '192.0.2.2', dualRegistration: true };
const first = lineConfig({ id: '1', ext: { ...hops, userId: '1' } });
const like = (ext: Partial<ExtConfig>): LineConfig => ({ ...first, ext: { ...first.ext, ...ext } });

/** A change of each parameter that a hop could be read from, away from `first`. */
const changes: readonly Partial<ExtConfig>[] = [
  { proxy: '192.0.2.9' },
  { outboundProxy: '192.0.2.9' },
  { alternateProxy: '192.0.2.9' },
  { alternateOutboundProxy: '192.0.2.9' },
  { dualRegistration: false },
  { sipTransport: 'TCP' },
];

describe('what lines of a phone share', () => {
  it('is the legs of a range', () => {
    const other = identityOf(like({ userId: '2' }), ['primary', 'alternate']);
    const own = identityOf(first, ['primary', 'alternate']);
    expect(other.user).toBe('2');
    expect(other.legs).toBe(own.legs);
  });

  it.each(changes)('is not the legs of another configuration: %o', (change) => {
    const legs = ['primary', 'alternate'] as const;
    expect(identityOf(like(change), legs).legs).not.toEqual(identityOf(first, legs).legs);
  });

  it('follows TLS Name Validate', () => {
    const secure = like({ sipTransport: 'TLS' });
    const lax = like({ sipTransport: 'TLS', tlsNameValidate: false });
    expect(identityOf(secure, ['primary']).legs.primary?.target.validateName).toBe(true);
    expect(identityOf(lax, ['primary']).legs.primary?.target.validateName).toBe(false);
  });

  it.each([[{ register: false }], [{ proxy: '' }], [{ registerExpires: 60 }]])('is not the settings with %o', (change) => {
    expect(registrationSettings(like(change), 'udp')).not.toEqual(registrationSettings(first, 'udp'));
  });

  it('are settings of one transport', () => {
    expect(registrationSettings(first, 'tcp').isStream).toBe(true);
    expect(registrationSettings(first, 'udp').isStream).toBe(false);
  });
});
