import { type BusError, createMemoryBus } from '@offhook/core';
import { createManualAmbient } from '@offhook/core/testkit';
import { describe, expect, it } from 'vitest';
import { announceService } from './service.ts';

const ambient = createManualAmbient();
const bus = createMemoryBus({ ambient });

describe('announceService', () => {
  it.each([
    [{ name: 'off hook' }, 'name of a service "off hook"; expected letters, digits, "-" and "_"'],
    [{ version: '1.2' }, 'version of a service "1.2"; expected SemVer such as 1.2.3'],
    [{ id: 'a.b' }, 'name "a.b" has a dot'],
    [{ endpoints: [{ name: 'a', subject: 'a.*' }] }, 'subject "a.*" has a wildcard'],
  ])('refuses %j', (wrong, message) => {
    const act = () => announceService(bus, { name: 'offhook-host', id: 'h1', version: '1.2.3', ambient, ...wrong });
    expect(act).toThrow(
      expect.objectContaining({ code: 'E_BUS_SUBJECT', message: expect.stringContaining(message) }) as BusError,
    );
  });
});
