import { describe, expect, it } from 'vitest';
import { type ExtConfig, lineConfig, type PhoneConfig, phoneConfig } from './line.ts';
import { lineMode } from './mode.ts';
import { validateLine } from './validate.ts';
import { validatePhone } from './validate-phone.ts';

const judge = (ext: Partial<ExtConfig>, phone: Partial<PhoneConfig> = {}) => {
  const given = { userId: '4001', proxy: 'a.example', proxyFallbackIntvl: 0, ...ext };
  const { line, findings } = validateLine(lineConfig({ id: '4001', ext: given, phone: phoneConfig(phone) }));
  return {
    line,
    mode: lineMode(line),
    found: findings.map(({ severity, code, path }) => `${severity} ${code} ${path}`),
    findings,
  };
};
const dual = { alternateProxy: 'b.example', dualRegistration: true } as const;

describe('validation matrix (redundancy 3.11)', () => {
  it('finds nothing in a sound line and leaves it as it is', () => {
    expect(judge(dual)).toMatchObject({ found: [], mode: 'dual' });
  });

  it('RED-88 runs single with a warning when Dual Registration has no alternate', () => {
    const { found, mode } = judge({ dualRegistration: true });
    expect(found).toEqual(['warning dual.no-alternate alternateProxy']);
    expect(mode).toBe('single');
  });

  it('disables a dual line without any primary server', () => {
    const { found, mode } = judge({ ...dual, proxy: '' });
    expect(found).toContain('error line.no-proxy proxy');
    expect(mode).toBe('disabled');
  });

  it('warns where an ordinary line has no server, and remarks on one without a user', () => {
    expect(judge({ proxy: '' }).found).toEqual(['warning line.no-proxy proxy']);
    expect(judge({ userId: '' }).found).toEqual(['info line.no-user userId']);
    expect(judge({ proxy: '', outboundProxy: 'o.example' }).found).toEqual(['warning line.not-registering proxy']);
  });

  it.each(['TCP', 'TLS'] as const)('warns that Dual Registration runs over %s and runs it', (sipTransport) => {
    const { found, mode } = judge({ ...dual, sipTransport });
    expect(found).toEqual(['warning dual.transport sipTransport']);
    expect(mode).toBe('dual');
  });

  it('RED-87 remarks that an alternate is ignored while Dual Registration is No', () => {
    expect(judge({ alternateOutboundProxy: 'b.example' }).found).toEqual(['info dual.alternate-ignored alternateOutboundProxy']);
  });

  it('runs single when primary and alternate are one server (D-36)', () => {
    const { found, mode, findings } = judge({ ...dual, alternateProxy: 'a.example:5060' });
    expect(found).toEqual(['error dual.same-server alternateProxy']);
    expect(findings[0]).toMatchObject({ line: '4001', seen: 'a.example:5060' });
    expect(mode).toBe('single');
  });

  it('remarks that servers of one rank allow no fallback', () => {
    const interval = { proxyFallbackIntvl: 600 };
    expect(judge(interval).found).toEqual(['info fallback.no-rank proxyFallbackIntvl']);
    expect(judge({ ...interval, proxy: 'v:A=192.0.2.1,192.0.2.2' }).found).toEqual(['info fallback.no-rank proxyFallbackIntvl']);
    for (const proxy of ['v:SRV=a|b:p=1', 'v:SRV=a|b']) expect(judge({ ...interval, proxy }).found).toEqual([]);
    expect(judge({ ...interval, useDnsSrv: true }).found).toEqual([]);
    expect(judge({ ...interval, ...dual }).found).toEqual([]);
  });

  it('does not say so of a plain server that has the factory interval', () => {
    const found = (proxy: string) =>
      validateLine(lineConfig({ id: '1', ext: { userId: '1', proxy } })).findings.map(({ code }) => code);
    expect(found('a.example')).toEqual([]);
    expect(found('192.0.2.1')).toEqual([]);
    expect(found('v:A=192.0.2.1,192.0.2.2')).toEqual(['fallback.no-rank']);
  });

  it('warns about transport AUTO without Auto Register When Failover', () => {
    expect(judge({ sipTransport: 'AUTO' }).found).toEqual(['warning auto.ar autoRegisterWhenFailover']);
    expect(judge({ sipTransport: 'AUTO', autoRegisterWhenFailover: true }).found).toEqual([]);
  });

  it('uses 30 for a Reg Retry Intvl of 0', () => {
    const { found, line } = judge({}, { regRetryIntvl: 0 });
    expect(found).toEqual(['error reg.retry-zero phone.regRetryIntvl']);
    expect(line.phone.regRetryIntvl).toBe(30);
  });

  it('warns about a long interval below twice the short one, unless it is 0', () => {
    expect(judge({}, { regRetryIntvl: 30, regRetryLongIntvl: 59 }).found).toEqual([
      'warning reg.long-too-short phone.regRetryLongIntvl',
    ]);
    expect(judge({}, { regRetryIntvl: 30, regRetryLongIntvl: 60 }).found).toEqual([]);
    expect(judge({}, { regRetryIntvl: 30, regRetryLongIntvl: 0 }).found).toEqual([]);
  });

  it('RED-63 raises a cap below the interval to the interval', () => {
    const { found, line } = judge({}, { regRetryIntvl: 30, regRetryIntvlCap: 20 });
    expect(found).toEqual(['warning reg.cap-below-interval phone.regRetryIntvlCap']);
    expect(line.phone.regRetryIntvlCap).toBe(30);
  });

  it('keeps the good patterns of a template', () => {
    const { found, line } = judge({}, { tryBackupRsc: '5??,abc', retryRegRsc: '408' });
    expect(found).toEqual(['error rsc.token phone.tryBackupRsc']);
    expect(line.phone).toMatchObject({ tryBackupRsc: '5??', retryRegRsc: '408' });
  });

  it('RED-56 turns Auto Register When Failover on for BT', () => {
    const { found, line } = judge({ autoRegisterWhenFailover: false }, { tryBackupRsc: 'BT,5??' });
    expect(found).toEqual(['warning rsc.bt-deprecated phone.tryBackupRsc']);
    expect(line.ext.autoRegisterWhenFailover).toBe(true);
  });

  it('keeps BT when another pattern is dropped', () => {
    expect(judge({}, { tryBackupRsc: 'BT,x' }).line).toMatchObject({
      ext: { autoRegisterWhenFailover: true },
      phone: { tryBackupRsc: 'BT' },
    });
  });

  it.each([
    [0, 'error reg.expires-zero registerExpires', 3600],
    [1, 'warning reg.expires-range registerExpires', 1],
    [31, 'warning reg.expires-range registerExpires', 31],
    [2_000_001, 'warning reg.expires-range registerExpires', 2_000_001],
  ] as const)('takes a Register Expires of %i with: %s', (registerExpires, expected, used) => {
    const { found, line } = judge({ registerExpires });
    expect(found).toEqual([expected]);
    expect(line.ext.registerExpires).toBe(used);
  });

  it.each([32, 2_000_000])('takes a Register Expires of %i silently', (registerExpires) => {
    expect(judge({ registerExpires }).found).toEqual([]);
  });

  it('leaves out what is no server address', () => {
    const { found, line, mode } = judge({ ...dual, alternateProxy: 'b.example:99999' });
    expect(found).toEqual(['error server.invalid alternateProxy', 'warning dual.no-alternate alternateProxy']);
    expect(line.ext.alternateProxy).toBe('');
    expect(mode).toBe('single');
  });

  it.each([
    ['voiceMailServer', 'mail box', ''],
    ['voiceMailServer', '$USER@$PROXY', '$USER@$PROXY'],
    ['voiceMailServer', 'sip:*97@vm.example:5070', 'sip:*97@vm.example:5070'],
    ['natKeepAliveDest', 'b.example:99999', '$PROXY'],
    ['natKeepAliveDest', '192.0.2.9:5070', '192.0.2.9:5070'],
  ] as const)('reads %s = %s as %s', (key, value, used) => {
    const { found, line } = judge({ [key]: value });
    expect(found).toEqual(value === used ? [] : [`error server.invalid ${key}`]);
    expect(line.ext[key]).toBe(used);
  });

  it('D-32 clears Outbound Proxy and Auth ID where a profile switches them off', () => {
    const { line, found } = judge({ outboundProxy: 'o.example', useOutboundProxy: false, authId: 'x', useAuthId: false });
    expect(line.ext).toMatchObject({ outboundProxy: '', authId: '' });
    expect(found).toEqual([]);
  });

  it.each(['sipT1', 'sipT2', 'sipTimerB', 'sipTimerF', 'sipTimerH'] as const)('uses the default for a %s of 0', (key) => {
    const { found, line } = judge({}, { [key]: 0 });
    expect(found).toEqual([`error timer.zero phone.${key}`]);
    expect(line.phone[key]).toBe(phoneConfig()[key]);
  });

  it('uses the defaults for an expiry clamp that is upside down', () => {
    const { found, line } = judge({}, { regMinExpires: 9000, regMaxExpires: 60 });
    expect(found).toEqual(['error reg.expires-clamp phone.regMinExpires']);
    expect(line.phone).toMatchObject({ regMinExpires: 1, regMaxExpires: 7200 });
  });

  it('says what was seen, what is allowed and what to do, for every finding', () => {
    const everything = [
      judge({ ...dual, proxy: '' }),
      judge({ ...dual, alternateProxy: 'a.example' }),
      judge({ registerExpires: 0 }, { regRetryIntvl: 0, sipT1: 0 }),
    ];
    for (const finding of everything.flatMap(({ findings }) => findings)) {
      const words = {
        seen: expect.stringMatching(/./),
        allowed: expect.stringMatching(/./),
        message: expect.stringMatching(/\.$/),
      };
      expect(finding).toMatchObject({ ...words, remedy: expect.stringMatching(/\.$/) });
    }
  });

  it('repairs once: a repaired line has nothing left to repair', () => {
    const { line } = judge({ registerExpires: 0, proxy: 'x:0' }, { regRetryIntvl: 0, tryBackupRsc: 'x' });
    expect(validateLine(line).findings.filter(({ severity }) => severity === 'error')).toEqual([]);
  });

  it('carries its findings with the line, frozen', () => {
    const { line, findings } = judge({ registerExpires: 0 });
    expect(line.findings).toEqual(findings);
    expect(Object.isFrozen(line)).toBe(true);
    expect(Object.isFrozen(line.ext)).toBe(true);
  });

  it('shares one repaired phone between lines', () => {
    const phone = phoneConfig({ regRetryIntvl: 0 });
    const lines = ['1', '2'].map((id) => validateLine(lineConfig({ id, ext: { userId: id, proxy: 'a' }, phone })).line);
    expect(lines[0]?.phone).toBe(lines[1]?.phone);
    expect(lines[0]?.phone).toBe(validatePhone(phone).phone);
    expect(Object.isFrozen(lines[0]?.phone)).toBe(true);
  });
});
