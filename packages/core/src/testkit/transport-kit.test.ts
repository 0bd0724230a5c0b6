import { describe, expect, it } from 'vitest';
import { casesFor } from './kit.ts';
import { transportMutants } from './mutants/transport.ts';
import { transportKit } from './transport-kit.ts';

describe('the transport kit', () => {
  it('has a mutant for every case and a case for every mutant', () => {
    expect(Object.keys(transportMutants).sort()).toEqual(transportKit.map(({ name }) => name).sort());
  });

  it('names each case once, with its source', () => {
    expect(new Set(transportKit.map(({ name }) => name)).size).toBe(transportKit.length);
    expect(transportKit.every(({ source }) => source.length > 0)).toBe(true);
  });

  it('leaves no case out for every kind of transport together', () => {
    const kinds = [['datagram'], ['stream', 'per-owner', 'gives-up'], ['stream', 'shared', 'waits']] as const;
    expect(new Set(kinds.flatMap((traits) => casesFor(transportKit, traits))).size).toBe(transportKit.length);
  });
});
