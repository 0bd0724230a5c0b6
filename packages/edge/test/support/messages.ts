import type { LineKey } from '@offhook/core';

export interface RequestParts {
  readonly method?: string;
  readonly uri?: string;
  readonly via?: string;
  readonly toTag?: string;
  readonly callId?: string;
}

export function request({
  method = 'OPTIONS',
  uri = 'sip:192.0.2.99',
  via = 'SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKserver1;rport',
  toTag,
  callId = 'c1',
}: RequestParts = {}): string {
  return [
    `${method} ${uri} SIP/2.0`,
    `Via: ${via}`,
    'From: <sip:server@example.com>;tag=f',
    `To: <sip:anna@example.com>${toTag === undefined ? '' : `;tag=${toTag}`}`,
    `Call-ID: ${callId}`,
    `CSeq: 7 ${method}`,
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
}

const branchOf = (key: LineKey): string => `z9hG4bK${key}-aaaabbbbcccc`;

export function response(key: LineKey, via = `SIP/2.0/UDP 192.0.2.99:5060;branch=${branchOf(key)};rport`): string {
  return [
    'SIP/2.0 200 OK',
    `Via: ${via}`,
    'From: <sip:a@b>;tag=f',
    'To: <sip:a@b>;tag=t',
    'Call-ID: c',
    'CSeq: 1 REGISTER',
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
}
