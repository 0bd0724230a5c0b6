import { describe, expect, it } from 'vitest';
import { elementOf, extParameters, parameterByElement, phoneParameters } from './catalogue.ts';
import { defaultExt, phoneConfig } from './line.ts';
import { xmlName } from './parameter.ts';

const camel = (label: string): string =>
  label
    .split(/[ -]/)
    .map((word) => word.toLowerCase())
    .map((word, i) => (i === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1)))
    .join('');

/** Redundancy 3.1-3.3, 3.10: element (n = 1) and default. */
const extTable: Readonly<Record<string, unknown>> = {
  Proxy_1_: '',
  Outbound_Proxy_1_: '',
  Use_Outbound_Proxy_1_: true,
  Alternate_Proxy_1_: '',
  Alternate_Outbound_Proxy_1_: '',
  Use_OB_Proxy_In_Dialog_1_: true,
  Register_1_: true,
  Make_Call_Without_Reg_1_: false,
  Ans_Call_Without_Reg_1_: false,
  Register_Expires_1_: 3600,
  Use_DNS_SRV_1_: false,
  DNS_SRV_Auto_Prefix_1_: false,
  Proxy_Fallback_Intvl_1_: 3600,
  Proxy_Redundancy_Method_1_: 'Normal',
  Dual_Registration_1_: false,
  Auto_Register_When_Failover_1_: false,
  TLS_Name_Validate_1_: true,
  Survivability_Proxy_1_: '',
  Survivability_Proxy_Fallback_Intvl_1_: 30,
  SIP_Transport_1_: 'UDP',
  SIP_Port_1_: 5060,
  EXT_SIP_Port_1_: 5060,
  'Auth_Resync-Reboot_1_': true,
  Auth_INVITE_1_: false,
  'SIP_Proxy-Require_1_': '',
  SIP_100REL_Enable_1_: false,
  NAT_Mapping_Enable_1_: false,
  NAT_Keep_Alive_Enable_1_: false,
  NAT_Keep_Alive_Msg_1_: '$NOTIFY',
  NAT_Keep_Alive_Dest_1_: '$PROXY',
  Display_Name_1_: '',
  User_ID_1_: '',
  Password_1_: '',
  Auth_ID_1_: '',
  Use_Auth_ID_1_: true,
  SIP_URI_1_: '',
  Voice_Mail_Server_1_: '',
  Voice_Mail_Subscribe_Interval_1_: 86_400,
  Voice_Mail_Enable_1_: true,
  X_Preferred_Codecs_1_: ['PCMU', 'PCMA', 'telephone-event'],
  X_Mechanism_1_: 'auto',
  X_Fallback_Clock_1_: 'nominal',
  X_Tcp_Reconnect_Grace_1_: 0,
  X_Primary_Suspect_Hold_1_: 0,
  X_Fallback_Spread_1_: 0,
  X_Fallback_Hold_1_: 0,
  X_Keepalive_Failover_1_: false,
  X_Resubscribe_On_Move_1_: true,
};

/** Redundancy 3.4-3.7, 3.9, 3.10. */
const phoneTable: Readonly<Record<string, unknown>> = {
  Max_Forward: 70,
  Max_Redirection: 5,
  Max_Auth: 2,
  Remove_Last_Reg: false,
  SIP_TCP_Port_Min: 5060,
  SIP_TCP_Port_Max: 5080,
  SIP_IP_Preference: 'IPv4',
  SDP_IP_Preference: 'IPv4',
  SIP_User_Agent_Name: '$VERSION',
  SIP_Reg_User_Agent_Name: '',
  SIP_T1: 0.5,
  SIP_T2: 4,
  SIP_T4: 5,
  SIP_Timer_B: 16,
  SIP_Timer_F: 16,
  SIP_Timer_H: 16,
  SIP_Timer_D: 16,
  SIP_Timer_J: 16,
  INVITE_Expires: 240,
  ReINVITE_Expires: 30,
  Reg_Min_Expires: 1,
  Reg_Max_Expires: 7200,
  Reg_Retry_Intvl: 30,
  Reg_Retry_Long_Intvl: 1200,
  Reg_Retry_Random_Delay: 0,
  Reg_Retry_Long_Random_Delay: 0,
  Reg_Retry_Intvl_Cap: 0,
  Sub_Min_Expires: 10,
  Sub_Max_Expires: 7200,
  Sub_Retry_Intvl: 10,
  Try_Backup_RSC: '',
  Retry_Reg_RSC: '',
  Handle_VIA_received: false,
  Handle_VIA_rport: false,
  Insert_VIA_received: false,
  Insert_VIA_rport: false,
  Substitute_VIA_Addr: false,
  Send_Resp_To_Src_Port: false,
  NAT_Keep_Alive_Intvl: 15,
  EXT_IP: '',
  STUN_Enable: false,
  STUN_Server: '',
  IP_Mode: 'Dual',
  Survivability_Test_Mode: false,
  Forced_Resync_Delay: 14400,
  X_Defaults_Preset: 'seed',
  X_Initial_Reg_Spread: 0,
};

describe('the parameter catalogue (redundancy 3)', () => {
  it('holds every line parameter of the reference with its element name and default', () => {
    expect(Object.fromEntries(extParameters.map((parameter) => [elementOf(parameter, 1), parameter.initial]))).toEqual(extTable);
  });

  it('holds every phone parameter of the reference with its element name and default', () => {
    expect(Object.fromEntries(phoneParameters.map((parameter) => [elementOf(parameter), parameter.initial]))).toEqual(phoneTable);
  });

  it('names a key after its web label', () => {
    const odd = [...extParameters, ...phoneParameters].filter(({ key, label }) => camel(label) !== key);
    expect(odd.map(({ key }) => key)).toEqual([]);
  });

  it('replaces blanks, brackets and slashes of a label in an element name', () => {
    expect(xmlName('Resync At (HHmm)')).toBe('Resync_At__HHmm_');
    expect(xmlName('A [b]/c')).toBe('A__b__c');
  });

  it('asks for a restart exactly where the reference does', () => {
    const restart = [...extParameters, ...phoneParameters].filter(({ apply }) => apply === 'restart').map(({ key }) => key);
    expect(restart).toEqual([
      'alternateProxy',
      'alternateOutboundProxy',
      'dualRegistration',
      'xMechanism',
      'xDefaultsPreset',
      'xInitialRegSpread',
    ]);
  });

  it('refuses what lies outside the ranges of the reference', () => {
    const refused = (key: string, value: unknown) =>
      ![...extParameters, ...phoneParameters].find((parameter) => parameter.key === key)?.schema.safeParse(value).success;
    expect(refused('proxyFallbackIntvl', 65_536)).toBe(true);
    expect(refused('proxyFallbackIntvl', 65_535)).toBe(false);
    expect(refused('sipTimerB', 64.5)).toBe(true);
    expect(refused('sipT1', 0.25)).toBe(false);
    expect(refused('registerExpires', 1.5)).toBe(true);
    expect(refused('maxForward', 0)).toBe(true);
    expect(refused('sipTransport', 'udp')).toBe(true);
    expect(refused('displayName', 'a\r\nb')).toBe(true);
    expect(refused('preferredCodecs', [])).toBe(true);
  });
});

describe('element names', () => {
  it('read the Ext number, and adapters’ form without the last underscore (RED-133)', () => {
    expect(parameterByElement('Proxy_12_')).toMatchObject({ ext: 12, parameter: { key: 'proxy' } });
    expect(parameterByElement('Proxy_1')).toMatchObject({ ext: 1, parameter: { key: 'proxy' } });
    expect(parameterByElement('SIP_T1')).toMatchObject({ ext: undefined, parameter: { key: 'sipT1' } });
  });

  it.each(['dual_registration_1_', 'Proxy_0_', 'Proxy', 'Proxy_1__', 'Resync_Trigger_1', 'SIP_T1_1_', ''])(
    'do not know %j (RED-132)',
    (name) => {
      expect(parameterByElement(name)).toBeUndefined();
    },
  );
});

describe('presets (D-02, D-03)', () => {
  it('differ in Auto Register When Failover and the fallback clock only', () => {
    expect(defaultExt('mpp-11.3')).toEqual({ ...defaultExt('seed'), autoRegisterWhenFailover: true, xFallbackClock: 'refresh' });
    expect(defaultExt()).toMatchObject({ autoRegisterWhenFailover: false, xFallbackClock: 'nominal' });
  });

  it('are shared and frozen', () => {
    expect(Object.isFrozen(defaultExt('mpp-11.3'))).toBe(true);
    expect(Object.isFrozen(phoneConfig())).toBe(true);
  });
});
