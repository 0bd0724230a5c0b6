import { describe, expect, it } from 'vitest';
import { createLocalPorts } from './local-ports.ts';

const a = { host: '192.0.2.1', port: 5060 };
const b = { host: '192.0.2.2', port: 5060 };

describe('local ports', () => {
  it('leave the choice to the system without a range', () => {
    expect(createLocalPorts(undefined).candidates(a)).toEqual([undefined]);
  });

  it('go round, so that a port just given up comes last', () => {
    const ports = createLocalPorts({ min: 5060, max: 5063 });
    ports.take(a, 5060);
    ports.release(a, 5060);
    expect(ports.candidates(a)).toEqual([5061, 5062, 5063, 5060]);
  });

  it('offer a taken port to other remotes only', () => {
    const ports = createLocalPorts({ min: 5060, max: 5061 });
    ports.take(a, 5060);
    expect(ports.candidates(a)).toEqual([5061]);
    expect(ports.candidates(b)).toContain(5060);
  });
});
