import { describe, expect, it } from 'vitest';
import { SubscriptionDialog } from '../src/dialog/subscription.ts';
import { buildRequest, parseMessage, readMessageSummary, readSubscriptionState, type SipRequest } from '../src/index.ts';

/* RFC 6665 section 4.1 as the subscriber's side of one dialog. */

const subscribe = (): SubscriptionDialog =>
  new SubscriptionDialog({
    callId: 'c1',
    fromTag: 'mine',
    from: '"Ann" <sip:1001@sip.example>',
    uri: 'sip:1001@sip.example',
    routes: ['<sip:proxy.example;lr>'],
    event: 'message-summary',
    accept: 'application/simple-message-summary',
    userAgent: 'test',
    maxForwards: 70,
  });

interface Shape {
  readonly cseq?: number;
  readonly from?: string;
  readonly to?: string;
  readonly callId?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: string;
}

function notify(shape: Shape = {}): SipRequest {
  const { cseq = 1, from = 'theirs', to = 'mine', callId = 'c1', body = '' } = shape;
  const headers = shape.headers ?? [
    ['Contact', '<sip:notifier@192.0.2.1:5070>'],
    ['Event', 'message-summary'],
    ['Subscription-State', 'active;expires=600'],
  ];
  const bytes = buildRequest(
    {
      method: 'NOTIFY',
      uri: 'sip:1001@192.0.2.9',
      headers: [
        ['From', `<sip:1001@sip.example>;tag=${from}`],
        ['To', `<sip:1001@sip.example>;tag=${to}`],
        ['Call-ID', callId],
        ['CSeq', `${cseq} NOTIFY`],
        ...headers,
      ],
      body: Buffer.from(body),
    },
    'SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKn',
  );
  const message = parseMessage(bytes);
  if (message.kind !== 'request') throw new Error('no request');
  return message;
}

const text = (body: Uint8Array): string => Buffer.from(body).toString();
const header = (dialog: SubscriptionDialog, name: string): string | undefined =>
  dialog.request('sip:me@192.0.2.9', 600, []).headers.find(([field]) => field === name)?.[1];

describe('a SUBSCRIBE (4.1.2.1)', () => {
  it('carries Event, Accept, Expires, Contact and the preloaded route, and no To tag', () => {
    const { method, uri, headers } = subscribe().request('sip:me@192.0.2.9', 600, [['Authorization', 'Digest x']]);
    expect([method, uri]).toEqual(['SUBSCRIBE', 'sip:1001@sip.example']);
    expect(headers).toEqual([
      ['Route', '<sip:proxy.example;lr>'],
      ['Max-Forwards', '70'],
      ['From', '"Ann" <sip:1001@sip.example>;tag=mine'],
      ['To', '<sip:1001@sip.example>'],
      ['Call-ID', 'c1'],
      ['CSeq', '1 SUBSCRIBE'],
      ['Contact', '<sip:me@192.0.2.9>'],
      ['Event', 'message-summary'],
      ['Accept', 'application/simple-message-summary'],
      ['Expires', '600'],
      ['User-Agent', 'test'],
      ['Authorization', 'Digest x'],
    ]);
  });
});

describe('the first NOTIFY (4.4.1)', () => {
  it('makes the dialog: its tag, its Contact and its Record-Route in their order', () => {
    const dialog = subscribe();
    expect(dialog.isEstablished).toBe(false);
    const first = notify({
      headers: [
        ['Record-Route', '<sip:a.example;lr>, <sip:b.example;lr>'],
        ['Contact', '<sip:notifier@192.0.2.1:5070>'],
        ['o', 'message-summary'],
        ['Subscription-State', 'Active;expires=600'],
      ],
    });
    expect(dialog.owns(first)).toBe(true);
    expect(dialog.take(first, text)).toEqual({ notice: { state: 'active', expiresS: 600 } });
    dialog.advance();
    const refresh = dialog.request('sip:me@192.0.2.9', 600, []);
    expect(refresh.uri).toBe('sip:notifier@192.0.2.1:5070');
    expect(refresh.headers.filter(([name]) => name === 'Route').map(([, value]) => value)).toEqual([
      '<sip:a.example;lr>',
      '<sip:b.example;lr>',
    ]);
    expect([header(dialog, 'To'), header(dialog, 'CSeq')]).toEqual(['<sip:1001@sip.example>;tag=theirs', '2 SUBSCRIBE']);
  });

  it('is matched by Call-ID and our tag; a second fork is nobody’s (RFC 3842 3.10)', () => {
    const dialog = subscribe();
    expect(dialog.owns(notify({ callId: 'c2' }))).toBe(false);
    expect(dialog.owns(notify({ to: 'other' }))).toBe(false);
    dialog.take(notify(), text);
    expect(dialog.owns(notify({ cseq: 2 }))).toBe(true);
    expect(dialog.owns(notify({ cseq: 2, from: 'fork' }))).toBe(false);
  });

  it('moves the remote target, as every later one may', () => {
    const dialog = subscribe();
    dialog.take(notify(), text);
    const moved: NonNullable<Shape['headers']> = [
      ['Contact', '<sip:elsewhere@192.0.2.2>'],
      ['Event', 'message-summary'],
      ['Subscription-State', 'active'],
    ];
    dialog.take(notify({ cseq: 2, headers: moved }), text);
    expect(dialog.requestUri).toBe('sip:elsewhere@192.0.2.2');
  });
});

describe('a NOTIFY that cannot be taken changes nothing', () => {
  const fields = (event: string, state: string, type?: string): NonNullable<Shape['headers']> => [
    ...(event === '' ? [] : [['Event', event] as const]),
    ...(state === '' ? [] : [['Subscription-State', state] as const]),
    ...(type === undefined ? [] : [['Content-Type', type] as const]),
  ];
  it.each([
    ['no Event', { headers: fields('', 'active') }, 489],
    ['another event', { headers: fields('presence', 'active') }, 489],
    ['no Subscription-State', { headers: fields('message-summary', '') }, 400],
    ['a state that is no token', { headers: fields('message-summary', '"active"') }, 400],
    ['a body without a type', { headers: fields('message-summary', 'active'), body: 'x' }, 415],
    [
      'a body that cannot be read',
      { headers: fields('message-summary', 'active', 'application/simple-message-summary'), body: 'x' },
      400,
    ],
  ] satisfies readonly (readonly [string, Shape, number])[])('%s', (_what, shape, status) => {
    const dialog = subscribe();
    expect(dialog.take(notify(shape), () => undefined)).toMatchObject({ refusal: { status } });
    expect(dialog.isEstablished).toBe(false);
  });

  it('one that is late (RFC 3261 12.2.2)', () => {
    const dialog = subscribe();
    dialog.take(notify({ cseq: 7 }), text);
    expect(dialog.take(notify({ cseq: 7 }), text)).toMatchObject({ refusal: { status: 500 } });
    expect(dialog.take(notify({ cseq: 8 }), text)).toHaveProperty('notice');
  });
});

describe('Subscription-State (8.4)', () => {
  it.each([
    ['active', { state: 'active' }],
    ['Pending ; Expires=60', { state: 'pending', expiresS: 60 }],
    ['terminated;reason=Probation;retry-after=30', { state: 'terminated', reason: 'probation', retryAfterS: 30 }],
    ['active;expires=soon', { state: 'active' }],
    ['', undefined],
    [';expires=1', undefined],
  ])('%j', (value, expected) => expect(readSubscriptionState(value)).toEqual(expected));
});

describe('message-summary (RFC 3842 5.2)', () => {
  const read = (body: string) => readMessageSummary(Buffer.from(body));
  it('tells whether messages wait, and counts them where the server does', () => {
    expect(read('Messages-Waiting: yes\r\nMessage-Account: sip:a@b\r\nVoice-Message: 2/8 (1/0)\r\n')).toEqual({
      waiting: true,
      voice: { new: 2, old: 8, urgentNew: 1, urgentOld: 0 },
    });
    expect(read('messages-waiting:NO\nvoice-message: 0/4\n')).toEqual({ waiting: false, voice: { new: 0, old: 4 } });
    expect(read('Messages-Waiting: no\r\n')).toEqual({ waiting: false });
  });

  it.each(['', 'Voice-Message: 2/8\r\n', 'Messages-Waiting: maybe\r\n', '\u0000\u0001'])('is not %j', (body) => {
    expect(read(body)).toBeUndefined();
  });
});
