import { createMemoryBus, randomToken, systemAmbient } from '@offhook/core';
import { createActorHost, createPooledHost, type LineHost, registrationMachine } from '@offhook/line-actor';
import { buildRequest, createCredentials, parseMessage } from '@offhook/sip';

/** The parts by themselves, in this process: how often a CPU second. */

const text = new TextEncoder();
const ok = text.encode(
  [
    ...[
      'SIP/2.0 200 OK',
      'Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKabcdefghijkl-mnopqrstuvwxy;rport=5060;received=192.0.2.9',
    ],
    ...['From: "Reception" <sip:1001@example.net>;tag=a7sgd63h', 'To: <sip:1001@example.net>;tag=as8d7f6a8s7d6f'],
    ...['Call-ID: q4j5h2k3j4h5kj2h3k4j5h', 'CSeq: 4711 REGISTER'],
    ...['Contact: <sip:1001@192.0.2.9:5060;line=abcdefghijkl;leg=p>;expires=3600;q=1.0', 'Date: Wed, 25 Nov 2026 10:00:00 GMT'],
    ...[
      'Server: bench',
      'Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REGISTER',
      'Supported: path, outbound',
      'Content-Length: 0',
      '',
      '',
    ],
  ].join('\r\n'),
);

/** Runs `work` for about so long; times a CPU second. */
function rate(forMs: number, work: () => void): number {
  for (let i = 0; i < 2_000; i++) work();
  const startMs = performance.now();
  const cpu = process.cpuUsage();
  let times = 0;
  do for (let i = 0; i < 500; i++, times++) work();
  while (performance.now() - startMs < forMs);
  const { user, system } = process.cpuUsage(cpu);
  return times / ((user + system) / 1e6);
}

function codecRates(forMs: number): Record<string, number> {
  const ambient = systemAmbient();
  const credentials = createCredentials({ username: '1001', password: 'secret', ambient });
  const challenge = {
    status: 401,
    challenges: ['Digest realm="bench", nonce="n", qop="auth"'],
    method: 'REGISTER',
    uri: 'sip:example.net',
  };
  credentials.answer(challenge);
  const headers = [
    ['Max-Forwards', '70'],
    ['From', '<sip:1001@example.net>;tag=a7sgd63h'],
    ['To', '<sip:1001@example.net>'],
    ['Call-ID', randomToken(ambient, 100)],
    ['CSeq', '4711 REGISTER'],
    ['Contact', '<sip:1001@192.0.2.9:5060;line=abcdefghijkl;leg=p>'],
    ['Expires', '3600'],
  ] as const;
  return {
    'lazy parse of a 200 OK': rate(forMs, () => {
      const message = parseMessage(ok);
      if (message.kind !== 'response' || message.contacts.length !== 1) throw new Error('the 200 OK was not understood');
    }),
    'REGISTER with digest built': rate(forMs, () => {
      const authorization = credentials.preemptive('REGISTER', 'sip:example.net');
      buildRequest(
        { method: 'REGISTER', uri: 'sip:example.net', headers: [...headers, ...authorization] },
        'SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKa;rport',
      );
    }),
  };
}

/** One refresh cycle of the registration chart is two events. */
function chartUs(host: LineHost, forMs: number): number {
  let nowMs = 0;
  const ignore = (): void => {};
  const record = {
    ...{
      leg: 'primary' as const,
      callId: 'c',
      fromTag: 't',
      cseq: 1,
      requestedS: 600,
      wasTooBrief: false,
      failures: 0,
      lastOk: false,
    },
    ...{
      refreshAtMs: 0,
      expiresAtMs: 0,
      retryAtMs: 0,
      blockedUntilMs: 0,
      downSinceMs: 0,
      reconnectedAtMs: 0,
      graceUntilMs: 0,
      suspectUntilMs: 0,
    },
  };
  const retry = { intervalMs: 30_000, capMs: 0, randomMs: 0, longMs: 1_200_000, longRandomMs: 0, retryRegRsc: '' };
  const settings = {
    ...{ registers: true, isStream: false, registerExpiresS: 600, minExpiresS: 1, maxExpiresS: 7200, timerFMs: 16_000 },
    ...{ initialSpreadMs: 0, graceMs: 0, retry },
  };
  const never = (): boolean => false;
  const effects = {
    ...{
      now: () => (nowMs += 1000),
      random: () => 0,
      register: ignore,
      answerChallenge: ignore,
      unregister: ignore,
      abandon: ignore,
    },
    ...{ isRanked: never, movesOn: never, moveOn: ignore, holdsRefresh: never, startRound: ignore },
    ...{ isTakenOver: never, mayHaveFlow: never, askFlow: ignore },
    ...{ aim: ignore, confirmed: ignore, waits: ignore, lost: ignore },
    ...{ isConnecting: never, arm: ignore, disarm: ignore, renew: ignore, persist: ignore, decided: ignore },
  };
  const machine = host.run(registrationMachine, { id: 'm', input: { record, settings, effects }, onError: ignore });
  machine.send({ type: 'line.start' });
  machine.send({ type: 'reg.ok', grantedS: 600 });
  const cycles = rate(forMs, () => {
    machine.send({ type: 'clock.refresh' });
    machine.send({ type: 'reg.ok', grantedS: 600 });
  });
  return 1e6 / cycles / 2;
}

async function busRate(messages: number): Promise<number> {
  const bus = createMemoryBus({ ambient: systemAmbient() });
  const payload = new Uint8Array(500);
  let seen = 0;
  bus.subscribe('offhook.bench.line.1.>', () => {
    seen += 1;
  });
  const cpu = process.cpuUsage();
  for (let i = 0; i < messages; i++) {
    bus.publish(`offhook.bench.line.1.${i % 1000}.sip`, payload);
    if (i % 1000 === 0) await bus.flush();
  }
  await bus.flush();
  const { user, system } = process.cpuUsage(cpu);
  if (seen !== messages) throw new Error(`the bus delivered ${seen} of ${messages}`);
  return messages / ((user + system) / 1e6);
}

export async function measureParts(forMs: number) {
  const ambient = systemAmbient();
  return {
    codec: codecRates(forMs),
    charts: { actorsUsPerEvent: chartUs(createActorHost(ambient), forMs), pooledUsPerEvent: chartUs(createPooledHost(), forMs) },
    bus: { perSecond: await busRate(forMs * 200) },
  };
}
