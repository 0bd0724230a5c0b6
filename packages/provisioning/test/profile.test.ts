import { readFileSync } from 'node:fs';
import { describeFinding, judgePolicies, knownMechanisms, lineMode } from '@offhook/core';
import { describe, expect, it } from 'vitest';
import { readConfiguration } from '../src/index.ts';

const read = (body: string) => readConfiguration({ name: 'p.xml', text: `<flat-profile>\n${body}\n</flat-profile>` });
const ext = (body: string) => read(`<User_ID_1_>4001</User_ID_1_><Proxy_1_>a.example</Proxy_1_>${body}`).config?.lines[0]?.ext;
const errors = (body: string) =>
  read(body)
    .findings.filter(({ severity }) => severity === 'error')
    .map(describeFinding);

describe('a flat profile', () => {
  it('gives the line of the reference’s example', () => {
    const text = readFileSync(new URL('./data/dual.xml', import.meta.url), 'utf8');
    const { config, findings, format, unknownElements } = readConfiguration({ name: 'dual.xml', text });
    const line = config?.lines[0];
    expect(format).toBe('xml');
    expect(findings).toEqual([]);
    expect(unknownElements).toEqual([]);
    expect(line).toMatchObject({
      id: '4001',
      ext: {
        userId: '4001',
        password: 'secret',
        proxy: 'sip-a.example.net',
        alternateProxy: 'sip-b.example.net',
        registerExpires: 600,
        proxyFallbackIntvl: 0,
      },
      phone: { tryBackupRsc: '503,5??', retryRegRsc: '5??,408', regRetryIntvlCap: 300, regRetryRandomDelay: 15 },
    });
    expect(line && lineMode(line)).toBe('dual');
    expect(line && judgePolicies(line, knownMechanisms).mechanism?.name).toBe('dual-registration');
    expect(config).toMatchObject({ cluster: 'local', edge: { listen: [{ protocol: 'udp', port: 5060 }] } });
  });

  it('RED-130 sets Dual Registration', () => {
    expect(ext('<Dual_Registration_1_ ua="na">Yes</Dual_Registration_1_>')?.dualRegistration).toBe(true);
  });

  it('RED-131 lets the last of two equal elements win', () => {
    expect(
      ext('<Dual_Registration_1_>No</Dual_Registration_1_><Dual_Registration_1_>Yes</Dual_Registration_1_>')?.dualRegistration,
    ).toBe(true);
    expect(ext('<SIP_Port_1_>5070</SIP_Port_1_><SIP_Port_1/>')?.sipPort).toBe(5060);
  });

  it('RED-132 ignores a name in the wrong case and says which was meant', () => {
    const { config, findings, unknownElements } = read(
      '<User_ID_1_>1</User_ID_1_><Proxy_1_>a</Proxy_1_><Proxy_Fallback_Intvl_1_>0</Proxy_Fallback_Intvl_1_><dual_registration_1_>Yes</dual_registration_1_>',
    );
    expect(config?.lines[0]?.ext.dualRegistration).toBe(false);
    expect(unknownElements.map(({ name }) => name)).toEqual(['dual_registration_1_']);
    expect(findings).toMatchObject([
      { severity: 'warning', code: 'xml.unknown-element', remedy: 'Did you mean Dual_Registration_1_?' },
      { severity: 'info' },
    ]);
  });

  it('RED-133 reads the adapters’ names', () => {
    expect(ext('<Alternate_Proxy_1>b.example</Alternate_Proxy_1>')?.alternateProxy).toBe('b.example');
  });

  it('RED-135 empties a text, restores the default of a number, and keeps a value that is protected', () => {
    const body = '<Display_Name_1_>Desk</Display_Name_1_><Register_Expires_1_>60</Register_Expires_1_>';
    expect(ext(`${body}<Display_Name_1_/><Register_Expires_1_></Register_Expires_1_>`)).toMatchObject({
      displayName: '',
      registerExpires: 3600,
    });
    expect(ext(`${body}<Display_Name_1_ ua="rw"/><Register_Expires_1_ ua="rw"/>`)).toMatchObject({
      displayName: 'Desk',
      registerExpires: 60,
    });
  });

  it('RED-56 reads BT in Try Backup RSC', () => {
    const { config, findings } = read('<Try_Backup_RSC>BT,5??</Try_Backup_RSC><User_ID_1_>1</User_ID_1_><Proxy_1_>a</Proxy_1_>');
    expect(config?.lines[0]?.ext.autoRegisterWhenFailover).toBe(true);
    expect(findings).toMatchObject([{ severity: 'warning', code: 'rsc.bt-deprecated', at: { line: 2, column: 1 } }]);
  });

  it('RED-135 finds nothing wrong with a protected value', () => {
    expect(
      errors('<User_ID_1_>1</User_ID_1_><Proxy_1_>a</Proxy_1_><Register_Expires_1_ ua="rw"/><Display_Name_1_ ua="rw"/>'),
    ).toEqual([]);
  });

  it('D-32 clears Outbound Proxy where Use Outbound Proxy is No, and uses it where that is absent', () => {
    expect(ext('<Outbound_Proxy_1_>o.example</Outbound_Proxy_1_>')?.outboundProxy).toBe('o.example');
    expect(
      ext('<Outbound_Proxy_1_>o.example</Outbound_Proxy_1_><Use_Outbound_Proxy_1_>No</Use_Outbound_Proxy_1_>')?.outboundProxy,
    ).toBe('');
  });

  it('takes the preset it names (D-02)', () => {
    expect(ext('<X_Defaults_Preset>mpp-11.3</X_Defaults_Preset>')).toMatchObject({
      autoRegisterWhenFailover: true,
      xFallbackClock: 'refresh',
    });
    expect(
      ext('<X_Defaults_Preset>mpp-11.3</X_Defaults_Preset><Auto_Register_When_Failover_1_>No</Auto_Register_When_Failover_1_>')
        ?.autoRegisterWhenFailover,
    ).toBe(false);
  });

  it('gives a line for every Ext with a user or a server, named after its user or its number', () => {
    const { config } = read(`
      <User_ID_2_>4002</User_ID_2_><Proxy_2_>a</Proxy_2_> <User_ID_1_>4001</User_ID_1_><Proxy_1_>a</Proxy_1_>
      <User_ID_3_>4001</User_ID_3_><Proxy_3_>b</Proxy_3_> <User_ID_4_/><Proxy_4_>c</Proxy_4_> <User_ID_5_/><Proxy_5_/><SIP_Port_5_>5064</SIP_Port_5_>`);
    expect(config?.lines.map(({ id, ext: { userId } }) => [id, userId])).toEqual([
      ['4001', '4001'],
      ['4002', '4002'],
      ['ext3', '4001'],
      ['ext4', ''],
    ]);
    expect(config?.lines.map(lineMode)).toEqual(['single', 'single', 'single', 'disabled']);
  });

  it('takes {n} literally', () => {
    expect(ext('<Password_1_>a{n}b</Password_1_>')?.password).toBe('a{n}b');
  });

  it('costs a faulty value only, says where, and marks the lines it concerns', () => {
    const { config, findings } = read(`<User_ID_1_>1</User_ID_1_><Proxy_1_>a</Proxy_1_>
<User_ID_2_>2</User_ID_2_><Proxy_2_>a</Proxy_2_>
  <SIP_Transport_2_>UPD</SIP_Transport_2_>
<SIP_T1>fast</SIP_T1>`);
    const wrong = findings.filter(({ severity }) => severity === 'error');
    expect(wrong).toMatchObject([
      {
        code: 'value.invalid',
        line: '2',
        path: 'SIP_Transport_2_',
        seen: 'UPD',
        allowed: 'UDP, TCP, TLS, AUTO',
        remedy: 'Did you mean UDP?',
        at: { file: 'p.xml', line: 4, column: 3 },
      },
      { code: 'value.invalid', path: 'SIP_T1', seen: 'fast', at: { line: 5, column: 1 } },
    ]);
    expect(config?.lines.map(({ ext: { sipTransport }, phone: { sipT1 } }) => [sipTransport, sipT1])).toEqual([
      ['UDP', 0.5],
      ['UDP', 0.5],
    ]);
    const carried = config?.lines.map((line) =>
      line.findings?.filter(({ severity }) => severity === 'error').map(({ path }) => path),
    );
    expect(carried).toEqual([['SIP_T1'], ['SIP_Transport_2_', 'SIP_T1']]);
  });

  it('places the findings of the validation matrix', () => {
    expect(
      errors(
        '<User_ID_1_>1</User_ID_1_><Proxy_1_>a</Proxy_1_>\n<Register_Expires_1_>0</Register_Expires_1_>\n<Reg_Retry_Intvl>0</Reg_Retry_Intvl>',
      ),
    ).toEqual([
      expect.stringMatching(/^p\.xml:4:1: error reg\.retry-zero/),
      expect.stringMatching(/^p\.xml:3:1: error reg\.expires-zero: line 1: /),
    ]);
  });

  it('keeps and lists what it does not know', () => {
    const { unknownElements, findings } = read(
      '<User_ID_1_>1</User_ID_1_><Outbound_Proxy_1_>a</Outbound_Proxy_1_><Register_1_>No</Register_1_>\n<GPP_A>x</GPP_A><Speed_Dial_2_ ua="rw"/><SIT1_RSC/>',
    );
    expect(unknownElements.map(({ name, value }) => [name, value])).toEqual([
      ['GPP_A', 'x'],
      ['Speed_Dial_2_', undefined],
      ['SIT1_RSC', ''],
    ]);
    expect(findings.filter(({ code }) => code === 'xml.unknown-element')).toMatchObject([
      { severity: 'info', seen: 'GPP_A, Speed_Dial_2_, SIT1_RSC', at: { line: 3, column: 1 } },
    ]);
  });

  it('leaves nothing to run when the text is no profile', () => {
    expect(readConfiguration({ name: 'p.xml', text: '<flat-profile><A></flat-profile>' })).toMatchObject({
      config: undefined,
      lines: [],
      findings: [{ code: 'xml.syntax' }],
    });
  });

  it('locates a parameter of a line, or its Ext', () => {
    const { locate } = read('<Proxy_1_>a</Proxy_1_>\n<User_ID_1_>1</User_ID_1_>');
    expect(locate('1', 'userId')).toEqual({ file: 'p.xml', line: 3, column: 1 });
    expect(locate('1', 'sipPort')).toEqual({ file: 'p.xml', line: 2, column: 1 });
    expect(locate('9', 'proxy')).toBeUndefined();
  });
});
