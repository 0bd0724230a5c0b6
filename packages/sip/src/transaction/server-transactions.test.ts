import { asFlow, type LineInbound } from '@offhook/core';
import { describe, expect, it } from 'vitest';
import { createFakeAmbient } from '../../test/support/fake-ambient.ts';
import type { SipRequest } from '../codec/message.ts';
import { ServerTransactions } from './server-transactions.ts';
import { defaultSipTimers, timingOf } from './timing.ts';

describe('refusing a request without a transaction', () => {
  const refuse = (request: Partial<SipRequest>) => {
    const faults: string[] = [];
    const sent: Uint8Array[] = [];
    const servers = new ServerTransactions({
      ambient: createFakeAmbient(),
      timing: (reliable) => timingOf(defaultSipTimers, reliable),
      send: (_flow, bytes) => void sent.push(bytes),
      fault: (name) => void faults.push(name),
      onRequest() {},
      onAck() {},
      limit: 1,
    });
    const endpoint = { host: '198.51.100.1', port: 5060 };
    const inbound: LineInbound = {
      bytes: new Uint8Array(),
      flow: asFlow('udp:1'),
      protocol: 'udp',
      local: endpoint,
      remote: endpoint,
      atMs: 0,
    };
    servers.refuse(request as SipRequest, inbound, 400);
    return { sent: sent.length, faults };
  };
  const via = { protocol: 'UDP', host: '198.51.100.1', port: 5060, branch: 'z9hG4bKa', params: new Map() };

  it('counts it when what the response would repeat breaks out of its line', () => {
    const broken = {
      method: 'MESSAGE',
      via,
      headers: () => [],
      header: () => 'one\rtwo',
      to: { display: '', uri: '', params: new Map() },
    };
    expect(refuse(broken)).toEqual({ sent: 0, faults: ['unanswerable'] });
  });

  it('never answers an ACK', () => {
    expect(refuse({ method: 'ACK' })).toEqual({ sent: 0, faults: [] });
  });
});
