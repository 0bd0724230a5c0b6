import { busKit, runKit } from '@offhook/core/testkit';
import { afterAll, beforeAll, it } from 'vitest';
import { describeNats, type NatsServer, startNatsServer } from './nats-server.ts';
import { openSubject } from './open-bus.ts';

describeNats('NATS bus', () => {
  let server: NatsServer;
  beforeAll(async () => {
    server = await startNatsServer();
  });
  afterAll(() => server.stop());

  runKit(busKit, it, () => openSubject({ servers: server.address }));
});
