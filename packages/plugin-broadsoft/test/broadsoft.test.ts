import {
  describeFinding,
  type ExtConfig,
  judgePolicies,
  knownMechanisms,
  type LineFacts,
  lineConfig,
  type Mechanism,
  type MechanismManifest,
  type RouteEvent,
} from '@offhook/core';
import { describe, expect, it } from 'vitest';
import { create, manifest } from '../src/index.ts';

const asked = { userId: '1', proxy: 'v:SRV=a:p=0|b:p=1', xMechanism: 'broadsoft' } as const;
const manifests: readonly MechanismManifest[] = [...knownMechanisms.filter(({ name }) => name !== manifest.name), manifest];
const judge = (ext: Partial<ExtConfig>, given = manifests) =>
  judgePolicies(lineConfig({ id: '1', ext: { ...asked, ...ext } }), given);
const found = (ext: Partial<ExtConfig>): readonly string[] =>
  judge(ext).findings.map(({ severity, code, path }) => `${severity} ${code} ${path}`);

/** Every order of a few things. */
const orders = <T>(things: readonly T[]): readonly (readonly T[])[] =>
  things.length < 2
    ? [things]
    : things.flatMap((one) => orders(things.filter((other) => other !== one)).map((rest) => [one, ...rest]));

describe('admission of broadsoft (redundancy 7, 3.11)', () => {
  it('rules bindings, route, recovery and subscriptions of a line that asks for it', () => {
    expect(judge({}).mechanism).toBe(manifest);
    expect(manifest.claims(lineConfig({ id: '1', ext: asked })).map(({ aspect, hold }) => `${aspect} ${hold}`)).toEqual([
      'bindings exclusive',
      'route exclusive',
      'recovery exclusive',
      'subscriptions exclusive',
    ]);
    expect(found({})).toEqual([]);
    expect(judge({ xMechanism: 'auto' }).mechanism?.name).toBe('ranked-list');
  });

  it('goes together with servers found by DNS', () => {
    expect(judge({ proxy: 'v.example', useDnsSrv: true }).mechanism).toBe(manifest);
    expect(found({ proxy: 'v.example', useDnsSrv: true })).toEqual([]);
    expect(found({ proxy: 'v.example', sipTransport: 'AUTO' })).toEqual([]);
  });

  it.each([0, 3600])(
    'RED-89 is refused beside Dual Registration, with an interval of %i, whatever the order',
    (proxyFallbackIntvl) => {
      const dual = { proxy: 'a.example', alternateProxy: 'b.example', dualRegistration: true, proxyFallbackIntvl };
      const told = orders(manifests).map((order) => {
        const { mechanism, findings } = judge(dual, order);
        return { rules: mechanism?.name, findings: findings.map(describeFinding) };
      });
      for (const each of told) expect(each).toEqual(told[0]);
      expect(told[0]?.rules).toBe('dual-registration');
      expect(told[0]?.findings).toHaveLength(1);
      expect(told[0]?.findings[0]).toMatch(/policy\.conflict.*forbids Dual Registration together with the Broadsoft mechanism/);
      expect(told[0]?.findings[0]).toMatch(/Set X Mechanism to auto\. Or: Set Dual Registration to No/);
    },
  );
});

describe('what of a configuration goes against broadsoft', () => {
  it.each([
    ['Auto Register When Failover = No', { autoRegisterWhenFailover: false }, 'policy.forced autoRegisterWhenFailover'],
    ['an interval of 0', { proxyFallbackIntvl: 0 }, 'policy.advice proxyFallbackIntvl'],
    ['one server', { proxy: 'a.example' }, 'policy.advice proxy'],
    ['a port, which skips SRV', { proxy: 'a.example:5060', useDnsSrv: true }, 'policy.advice proxy'],
    ['addresses of one rank', { proxy: 'v:A=192.0.2.1,192.0.2.2' }, 'policy.advice proxy'],
    ['no registration', { register: false }, 'policy.advice register'],
    ['subscriptions that stay behind', { xResubscribeOnMove: false }, 'policy.advice xResubscribeOnMove'],
  ] as const)('%s', (_, ext, expected) => {
    expect(found(ext)).toEqual([`warning ${expected}`]);
  });

  it('is said with what follows, what is allowed and what to do', () => {
    for (const finding of judge({ proxy: 'a.example', register: false, proxyFallbackIntvl: 0, xResubscribeOnMove: false })
      .findings)
      expect(finding).toMatchObject({
        allowed: expect.stringMatching(/./),
        message: expect.stringMatching(/\.$/),
        remedy: expect.stringMatching(/^Set /),
      });
  });
});

describe('decisions of broadsoft', () => {
  const { decide }: Mechanism = create();
  const s1 = 's1:5060;udp';
  const s2 = 's2:5060;udp';
  const facts = (bound: boolean, more: Partial<LineFacts> = {}): LineFacts => ({
    nowMs: 0,
    candidates: [{ leg: 'primary', server: s1, state: 'up', bound, usable: bound }],
    makeCallWithoutReg: false,
    registers: true,
    ...more,
  });
  const settings = {
    fallbackMs: 600_000,
    autoRegister: true,
    clock: 'nominal',
    isStream: false,
    survivabilityMs: 30_000,
  } as const;
  const servers = [s1, s2].map((server, rank) => ({ server, rank, survivability: false }));
  const list = { nowMs: 0, servers, current: s1, holder: s1, settings };
  const failed = (outcome: 'no-response' | 'reject'): RouteEvent => ({
    type: 'request.failed',
    method: 'INVITE',
    tried: ['primary'],
    servers: [s1],
    outcome,
  });
  const fresh = (method: string): RouteEvent => ({ type: 'request.new', method });

  it('RED-50, 154 register at the next server first, then send there (D-15)', () => {
    expect(decide(facts(true, { list }), failed('no-response'))).toMatchObject({ next: 'send', server: s2, register: true });
  });

  it('RED-158 deliver what a server refuses', () => {
    expect(decide(facts(true, { list }), failed('reject'))).toMatchObject({ next: 'deliver', rule: '6.2:reject' });
  });

  it('of a line with one server are those of a single line (6.7)', () => {
    expect(decide(facts(true), fresh('INVITE'))).toMatchObject({ next: 'send', leg: 'primary' });
    expect(decide(facts(false), fresh('INVITE'))).toMatchObject({ next: 'refuse', status: 480 });
    expect(decide(facts(false), fresh('MESSAGE'))).toMatchObject({ next: 'queue', forMs: 32_000 });
    expect(decide(facts(false, { makeCallWithoutReg: true }), fresh('INVITE'))).toMatchObject({ next: 'send' });
    expect(decide(facts(true), failed('no-response'))).toMatchObject({ next: 'deliver' });
  });

  it('refuse while no server has been located (5.8)', () => {
    expect(decide(facts(true, { candidates: [] }), fresh('INVITE'))).toMatchObject({ next: 'refuse', reason: 'no-server' });
  });
});
