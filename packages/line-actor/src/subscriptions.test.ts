import { type ExtConfig, lineConfig } from '@offhook/core';
import { describe, expect, it } from 'vitest';
import { mailboxUri } from './subscriptions.ts';

const uri = (ext: Partial<ExtConfig>) =>
  mailboxUri(lineConfig({ id: '1', ext: { userId: '1001', proxy: 'sip.example', ...ext } }), 'sip.example');

describe('whom a line asks about messages waiting', () => {
  it.each([
    ['vm.example', 'sip:1001@vm.example'],
    ['192.0.2.7:5070', 'sip:1001@192.0.2.7:5070'],
    ['*97@vm.example', 'sip:*97@vm.example'],
    ['$USER@$PROXY', 'sip:1001@sip.example'],
    ['sip:box-$USER@vm.example', 'sip:box-1001@vm.example'],
  ])('is, with Voice Mail Server = %s, %s', (voiceMailServer, expected) => {
    expect(uri({ voiceMailServer })).toBe(expected);
  });

  it('is nobody without a server, and with Voice Mail Enable = No', () => {
    expect(uri({})).toBeUndefined();
    expect(uri({ voiceMailServer: 'vm.example', voiceMailEnable: false })).toBeUndefined();
    expect(uri({ voiceMailServer: 'mail box' })).toBeUndefined();
  });
});
