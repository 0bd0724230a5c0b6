import { describe, expect, it } from 'vitest';
import { type ExtConfig, lineConfig } from '../config/line.ts';
import type { MechanismManifest } from '../contracts/mechanism.ts';
import { ConfigError, PolicyConflictError } from '../errors.ts';
import { enforcePolicies, judgePolicies, policyFindings, ruledLine } from './judge.ts';
import { knownMechanisms } from './known.ts';

const line = (ext: Partial<ExtConfig>, id = '4001') => lineConfig({ id, ext: { userId: id, proxy: 'a.example', ...ext } });
const judge = (ext: Partial<ExtConfig>, manifests = knownMechanisms) => {
  const { mechanism, admission, findings } = judgePolicies(line(ext), manifests);
  return {
    ruledBy: mechanism?.name,
    refused: admission.refused.map(({ manifest }) => manifest.name),
    found: findings.map(({ severity, code, path }) => `${severity} ${code} ${path}`),
    findings,
  };
};
const dual = { alternateProxy: 'b.example', dualRegistration: true } as const;
const conflict = 'error policy.conflict';

/** A mechanism of somebody else that wants the return to the primary. */
const homing: MechanismManifest = Object.freeze<MechanismManifest>({
  name: 'homing',
  kind: 'mechanism',
  api: 1,
  title: 'Homing',
  claims: ({ ext }) =>
    ext.xMechanism === 'homing'
      ? [
          {
            aspect: 'recovery',
            hold: 'exclusive',
            because: 'Homing returns by itself',
            remedy: 'Set X Mechanism to auto.',
            parameter: 'xMechanism',
          } as const,
        ]
      : [],
});

describe('policies of a line (redundancy 3.11, D-11)', () => {
  it('let Dual Registration rule a dual line', () => {
    expect(judge(dual)).toMatchObject({ ruledBy: 'dual-registration', refused: [], found: [] });
  });

  it('let nothing rule a line with one server', () => {
    expect(judge({})).toMatchObject({ ruledBy: undefined, refused: [], found: [] });
  });

  it('let the ranked list rule a line with a static list or a gateway tier', () => {
    expect(judge({ proxy: 'v:SRV=a|b:p=1' })).toMatchObject({ ruledBy: 'ranked-list', found: [] });
    expect(judge({ survivabilityProxy: 'gw' })).toMatchObject({ ruledBy: 'ranked-list', found: [] });
  });

  it.each([
    ['Use DNS SRV', { useDnsSrv: true }, 'dns-srv', 'useDnsSrv'],
    ['transport AUTO', { sipTransport: 'AUTO' }, 'dns-srv', 'sipTransport'],
    ['a static list', { proxy: 'v:SRV=a|b:p=1' }, 'ranked-list', 'proxy'],
    ['a gateway tier', { survivabilityProxy: 'gw' }, 'ranked-list', 'proxy'],
  ] as const)('RED-89 keep Dual Registration and refuse fallback of %s', (_, ext, refused, path) => {
    expect(judge({ ...dual, ...ext, proxyFallbackIntvl: 600 })).toMatchObject({
      ruledBy: 'dual-registration',
      refused: [refused],
      found: [`${conflict} ${path}`],
    });
  });

  it.each([{ useDnsSrv: true }, { sipTransport: 'AUTO' }, { proxy: 'v:SRV=a|b:p=1' }] as const)(
    'let %j locate a dual line’s servers when no return can happen',
    (ext) => {
      expect(judge({ ...dual, ...ext, proxyFallbackIntvl: 0 })).toMatchObject({
        ruledBy: 'dual-registration',
        refused: [],
        found: [],
      });
    },
  );

  it.each([0, 3600])('RED-89 refuse broadsoft beside Dual Registration with a fallback interval of %i', (proxyFallbackIntvl) => {
    expect(judge({ ...dual, xMechanism: 'broadsoft', proxyFallbackIntvl })).toMatchObject({
      ruledBy: 'dual-registration',
      refused: ['broadsoft'],
      found: [`${conflict} xMechanism`],
    });
  });

  it.each(['dns-srv', 'ranked-list'])('refuse %s by name beside Dual Registration', (xMechanism) => {
    expect(judge({ ...dual, xMechanism, proxyFallbackIntvl: 0 })).toMatchObject({
      ruledBy: 'dual-registration',
      refused: [xMechanism],
      found: [`${conflict} xMechanism`],
    });
  });

  it('refuse a plugin that claims recovery beside Dual Registration', () => {
    expect(judge({ ...dual, xMechanism: 'homing' }, [...knownMechanisms, homing])).toMatchObject({
      ruledBy: 'dual-registration',
      refused: ['homing'],
      found: [`${conflict} xMechanism`],
    });
  });

  it('do not refuse anything where Dual Registration is on but has no second server', () => {
    expect(judge({ ...dual, alternateProxy: 'a.example', proxy: 'a.example', useDnsSrv: true }).refused).toEqual([]);
    expect(judge({ dualRegistration: true, proxy: 'v:SRV=a|b:p=1' })).toMatchObject({ ruledBy: 'ranked-list', refused: [] });
  });

  it('name both mechanisms, the aspect, the manual’s sentence and the remedy', () => {
    const [finding] = judge({ ...dual, useDnsSrv: true }).findings;
    expect(finding?.message).toMatch(/DNS SRV failover and recovery \(dns-srv\) and Dual Registration \(dual-registration\)/);
    expect(finding?.message).toMatch(
      /both would rule recovery; .*\(dns-srv\) is not enabled, .*\(dual-registration\) stays in force/,
    );
    expect(finding?.message).toMatch(/8800 administration guide p\. 54/);
    expect(finding?.remedy).toMatch(/^Set Proxy Fallback Intvl to 0/);
    expect(finding?.remedy).toMatch(/Set Dual Registration to No/);
  });

  it('say that broadsoft is not available on a line without Dual Registration', () => {
    const found = ['error policy.unavailable xMechanism'];
    expect(judge({ xMechanism: 'broadsoft' })).toMatchObject({ ruledBy: undefined, found });
  });

  it.each([{ useDnsSrv: true }, { sipTransport: 'AUTO' }, { xMechanism: 'dns-srv' }] as const)('let dns-srv rule %j', (ext) => {
    expect(judge(ext)).toMatchObject({ ruledBy: 'dns-srv', found: [] });
  });

  it('let a static list take the place of DNS, and gateways stand below either', () => {
    expect(judge({ useDnsSrv: true, proxy: 'v:SRV=a|b:p=1' })).toMatchObject({ ruledBy: 'ranked-list', found: [] });
    expect(judge({ useDnsSrv: true, survivabilityProxy: 'gw' })).toMatchObject({ ruledBy: 'dns-srv', found: [] });
    expect(judge({ survivabilityProxy: 'gw' })).toMatchObject({ ruledBy: 'ranked-list', found: [] });
  });

  it('say that nobody brings a mechanism of an unknown name, and what was meant', () => {
    expect(judge({ xMechanism: 'dns-svr' })).toMatchObject({
      found: ['error policy.unknown xMechanism'],
      findings: [{ remedy: 'Did you mean dns-srv?' }],
    });
    expect(judge({ ...dual, xMechanism: 'homing' }).ruledBy).toBe('dual-registration');
  });

  it('warn about a mechanism that is asked for and has nothing to do', () => {
    expect(judge({ xMechanism: 'dual-registration' }).found).toEqual(['warning policy.idle xMechanism']);
    expect(judge({ ...dual, xMechanism: 'dual-registration' }).found).toEqual([]);
  });

  it('let a plugin rule a line that asks for it', () => {
    const router: MechanismManifest = {
      ...homing,
      name: 'router',
      claims: ({ ext }) => (ext.xMechanism === 'router' ? [{ aspect: 'route', hold: 'exclusive', because: '', remedy: '' }] : []),
    };
    expect(judge({ xMechanism: 'router', proxy: 'v:SRV=a|b:p=1', useDnsSrv: true }, [...knownMechanisms, router])).toMatchObject({
      ruledBy: 'router',
      found: [],
    });
  });
});

describe('a mechanism that sets parameters itself', () => {
  const mover: MechanismManifest = {
    ...homing,
    name: 'mover',
    title: 'Mover',
    claims: ({ ext }) =>
      ext.xMechanism === 'mover'
        ? [{ aspect: 'route', hold: 'exclusive', because: 'it moves', remedy: 'auto', parameter: 'xMechanism' }]
        : [],
    forces: { autoRegisterWhenFailover: true },
    advise: ({ ext }) =>
      ext.register
        ? []
        : [{ severity: 'warning', parameter: 'register', allowed: 'Yes', message: 'It must register.', remedy: 'Set it.' }],
  };
  const asked = { xMechanism: 'mover' } as const;
  const judgedBy = (ext: Partial<ExtConfig>) => judge(ext, [...knownMechanisms, mover]);

  it('tells the line that sets another value by itself, and no other', () => {
    expect(judgedBy({ ...asked, autoRegisterWhenFailover: false })).toMatchObject({
      ruledBy: 'mover',
      found: ['warning policy.forced autoRegisterWhenFailover'],
      findings: [
        {
          seen: 'No',
          allowed: 'Yes',
          message: 'Mover (mover) works with Auto Register When Failover = Yes, whatever is set here.',
        },
      ],
    });
    expect(judgedBy({ ...asked, autoRegisterWhenFailover: true }).found).toEqual([]);
    expect(judgedBy(asked).found).toEqual([]);
    expect(judgedBy({ autoRegisterWhenFailover: false }).found).toEqual([]);
  });

  it('gives its advice where it rules, not where it is refused', () => {
    expect(judgedBy({ ...asked, register: false }).found).toEqual(['warning policy.advice register']);
    expect(judgedBy({ ...asked, ...dual, register: false }).found).toEqual([`${conflict} xMechanism`]);
  });

  it('rules a line that has the values it forces, and all others as they are', () => {
    const ruled = ruledLine(line({ ...asked, displayName: 'Desk' }), mover);
    expect(ruled.ext).toMatchObject({ autoRegisterWhenFailover: true, displayName: 'Desk' });
    const plain = line({});
    expect(ruledLine(plain, undefined)).toBe(plain);
    expect(ruledLine(plain, homing)).toBe(plain);
  });
});

describe('policies of many lines', () => {
  it('are said once with the number of lines, at the place of the parameter', () => {
    const lines = ['1', '2', '3'].map((id) => line({ ...dual, useDnsSrv: true }, id));
    const findings = policyFindings([...lines, line({}, '4')], knownMechanisms, (id, key) => ({
      file: `${id}.${key}`,
      line: 1,
      column: 1,
    }));
    expect(findings).toMatchObject([{ code: 'policy.conflict', line: '1', lines: 3, at: { file: '1.useDnsSrv' } }]);
  });
});

describe('enabling strictly', () => {
  it('throws a PolicyConflictError with every finding', () => {
    const refuse = () => enforcePolicies(line({ ...dual, useDnsSrv: true, xMechanism: 'broadsoft' }), knownMechanisms);
    expect(refuse).toThrow(PolicyConflictError);
    expect(refuse).toThrow(
      expect.objectContaining({
        code: 'E_POLICY_CONFLICT',
        findings: [{ code: 'policy.conflict' }, { code: 'policy.conflict' }].map((finding) => expect.objectContaining(finding)),
      }),
    );
  });

  it('throws E_POLICY_UNAVAILABLE for what is unknown or not built', () => {
    for (const xMechanism of ['broadsoft', 'nope']) {
      const refuse = () => enforcePolicies(line({ xMechanism }), knownMechanisms);
      expect(refuse).toThrow(ConfigError);
      expect(refuse).toThrow(expect.objectContaining({ code: 'E_POLICY_UNAVAILABLE' }));
    }
  });

  it('returns the verdict of a sound line', () => {
    expect(enforcePolicies(line(dual), knownMechanisms).mechanism?.name).toBe('dual-registration');
  });
});
