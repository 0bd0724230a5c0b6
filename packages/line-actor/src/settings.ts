import { type ListSettings, type Protocol, readListSettings, registersLine, sharedBy } from '@offhook/core';
import type { SipTimers } from '@offhook/sip';
import type { RegistrationSettings } from './registration.types.ts';

/* The manual's seconds become milliseconds here, once. */

/** @source redundancy reference section 3.5 */
export const sipTimers = sharedBy([], ({ phone }): SipTimers => {
  return {
    t1Ms: phone.sipT1 * 1000,
    t2Ms: phone.sipT2 * 1000,
    t4Ms: phone.sipT4 * 1000,
    timerBMs: phone.sipTimerB * 1000,
    timerFMs: phone.sipTimerF * 1000,
    timerHMs: phone.sipTimerH * 1000,
    timerDMs: phone.sipTimerD * 1000,
    timerJMs: phone.sipTimerJ * 1000,
  };
});

/** @source redundancy reference sections 3.1, 3.5, 3.10 */
export const registrationSettings = sharedBy(
  ['register', 'proxy', 'registerExpires', 'xTcpReconnectGrace'],
  (config, protocol: Protocol): RegistrationSettings => {
    const { ext, phone } = config;
    return {
      registers: registersLine(config),
      isStream: protocol !== 'udp',
      registerExpiresS: ext.registerExpires,
      minExpiresS: phone.regMinExpires,
      maxExpiresS: phone.regMaxExpires,
      timerFMs: phone.sipTimerF * 1000,
      initialSpreadMs: phone.xInitialRegSpread * 1000,
      graceMs: ext.xTcpReconnectGrace * 1000,
      retry: {
        intervalMs: phone.regRetryIntvl * 1000,
        capMs: phone.regRetryIntvlCap * 1000,
        randomMs: phone.regRetryRandomDelay * 1000,
        longMs: phone.regRetryLongIntvl * 1000,
        longRandomMs: phone.regRetryLongRandomDelay * 1000,
        retryRegRsc: phone.retryRegRsc,
      },
    };
  },
);

/** @source redundancy reference section 5.7; D-02, D-03, D-04, D-25 */
export const listSettings = sharedBy(
  ['register', 'proxy', 'proxyFallbackIntvl', 'autoRegisterWhenFailover', 'xFallbackClock', 'survivabilityProxyFallbackIntvl'],
  (config, protocol: Protocol): ListSettings => readListSettings(config, protocol),
);
