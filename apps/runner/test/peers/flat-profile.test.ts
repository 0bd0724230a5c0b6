import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Kamailio, startKamailio } from './support/kamailio.ts';
import { startRunner } from './support/runner.ts';
import { openStage, type Stage } from './support/stage.ts';
import { describePeers } from './support/suite.ts';
import { until } from './support/waiting.ts';

/** A profile as the template of an 8851 with multiplatform firmware has it: comments, groups, access attributes, empty elements, unknown ones. */
const profile = (top: Kamailio, next: Kamailio): string => `<?xml version="1.0" encoding="UTF-8"?>
<device>
<flat-profile>
  <!-- Regional -->
  <Time_Zone ua="na">GMT+01:00</Time_Zone>
  <Locale ua="na">en-US</Locale>
  <!-- System Configuration -->
  <Enable_Web_Server ua="na">Yes</Enable_Web_Server>
  <IP_Mode ua="rw">Dual Mode</IP_Mode>
  <!-- SIP -->
  <SIP_T1 ua="na">.5</SIP_T1>
  <SIP_Timer_B ua="na">16</SIP_Timer_B>
  <SIP_Timer_F ua="na">16</SIP_Timer_F>
  <Reg_Retry_Intvl ua="na">30</Reg_Retry_Intvl>
  <Reg_Retry_Long_Intvl ua="na">1200</Reg_Retry_Long_Intvl>
  <Try_Backup_RSC ua="na">503, 5??</Try_Backup_RSC>
  <Retry_Reg_RSC ua="na"/>
  <!-- Ext 1 -->
  <Line_Enable_1_ ua="na" group="Ext_1/General">Yes</Line_Enable_1_>
  <Proxy_1_ ua="na" group="Ext_1/Proxy_and_Registration">site.example:SRV=127.0.0.1:${top.port}:p=0|127.0.0.1:${next.port}:p=1</Proxy_1_>
  <Outbound_Proxy_1_ ua="na"/>
  <Alternate_Proxy_1_ ua="na"/>
  <Register_1_ ua="na">Yes</Register_1_>
  <Register_Expires_1_ ua="na">3600</Register_Expires_1_>
  <Use_DNS_SRV_1_ ua="na">No</Use_DNS_SRV_1_>
  <Proxy_Fallback_Intvl_1_ ua="na">3600</Proxy_Fallback_Intvl_1_>
  <Proxy_Redundancy_Method_1_ ua="na">Normal</Proxy_Redundancy_Method_1_>
  <Dual_Registration_1_ ua="na">No</Dual_Registration_1_>
  <Auto_Register_When_Failover_1_ ua="na">Yes</Auto_Register_When_Failover_1_>
  <SIP_Transport_1_ ua="na">UDP</SIP_Transport_1_>
  <Display_Name_1_ ua="na">Reception
  desk</Display_Name_1_>
  <User_ID_1_ ua="na">4001</User_ID_1_>
  <Password_1_ ua="na">secret</Password_1_>
  <!-- Ext 2 -->
  <Line_Enable_2_ ua="na">No</Line_Enable_2_>
  <User_ID_2_ ua="na"/>
</flat-profile>
</device>
`;

describePeers('a flat profile of an 8851', ['kamailio'], () => {
  let stage: Stage;
  let top: Kamailio;
  let next: Kamailio;
  beforeAll(async () => {
    stage = await openStage();
    top = stage.keep(await startKamailio(stage.network, stage.folder, 'top'));
    next = stage.keep(await startKamailio(stage.network, stage.folder, 'next'));
  }, 30_000);
  afterAll(() => stage?.close(), 30_000);

  it('registers at the best server of its list, and at the next one when that is gone', { timeout: 60_000 }, async () => {
    const file = profile(top, next);
    const runner = stage.keep(await startRunner({ ...stage, name: 'profile', file }));
    await runner.registered(15_000);
    expect((await top.bindings()).map(({ user }) => user)).toEqual(['4001']);
    await top.answerWith('REGISTER', 503);
    await top.answerWith('INVITE', 503);
    await runner.call('4001', '9999');
    await until(
      'the next server has the binding',
      10_000,
      async () => (await next.bindings()).length === 1,
      () => '',
    );
    const [line] = await runner.lines();
    expect(line).toMatchObject({
      mode: 'list',
      route: 'failedOver',
      servers: [{ state: 'down' }, { current: true, bound: true }],
    });
    await top.heal();
    expect(await runner.stop(30_000)).toBe(130);
  });
});
