import { codeOf, everyByte, type TransportCase, transportCase } from './transport-case.ts';
import { claim, type Scene, type Station, sameBytes, sampleMessage, type TransportSubject } from './transport-subject.ts';

/** The first two bytes a stranger hears. */
async function firstAnswer(scene: Scene, heard: (seen: number) => Promise<Uint8Array>): Promise<Uint8Array> {
  let bytes = await scene.wait(heard(0), 'an answer');
  while (bytes.length < 2) bytes = await scene.wait(heard(bytes.length), 'the rest of the answer');
  return bytes;
}

const failureAt = (scene: Scene, { host }: Station): Promise<void> =>
  scene.wait(
    host.until(() => host.failures.length > 0),
    'a failure',
  );

/** A stranger's message of which only the first bytes have come when its time is over; returns the others. */
async function stallAt(scene: Scene, { stall }: TransportSubject, a: Station) {
  claim(stall !== undefined, 'the subject of a stream can stall');
  const stranger = await scene.stranger(a.at);
  stranger.send(sampleMessage('whole'));
  await scene.message(a);
  const sent = sampleMessage('half', everyByte);
  stranger.send(sent.subarray(0, 30));
  await stall();
  return { sent, finish: () => stranger.send(sent.subarray(30)) };
}

/** What stream transports promise beyond the rest. */
export const streamTransportCases: readonly TransportCase[] = [
  transportCase('frames messages cut at every byte', 'RFC 3261 section 18.3', ['stream'], async (scene) => {
    const a = await scene.station();
    const stranger = await scene.stranger(a.at);
    const sent = [sampleMessage('one', everyByte.subarray(0, 64)), sampleMessage('two')];
    for (const message of sent) for (const byte of message) stranger.send(Uint8Array.of(byte));
    await scene.message(a, 2);
    claim(
      sent.every((message, i) => sameBytes(a.host.messages[i]?.bytes, message)),
      'segments do not matter',
    );
  }),

  transportCase('frames several messages in one segment', 'RFC 3261 section 18.3', ['stream'], async (scene) => {
    const a = await scene.station();
    const stranger = await scene.stranger(a.at);
    const sent = [sampleMessage('one', everyByte.subarray(0, 64)), sampleMessage('two'), sampleMessage('three')];
    stranger.send(Uint8Array.from(sent.flatMap((message) => [...message])));
    await scene.message(a, 3);
    claim(
      sent.every((message, i) => sameBytes(a.host.messages[i]?.bytes, message)),
      'each message comes alone, in order',
    );
  }),

  transportCase('answers a ping', 'RFC 5626 section 3.5.1', ['stream'], async (scene) => {
    const a = await scene.station();
    const stranger = await scene.stranger(a.at);
    stranger.send(Uint8Array.of(13, 10, 13, 10));
    const answer = await firstAnswer(scene, (seen) => stranger.heard(seen));
    claim(sameBytes(answer, Uint8Array.of(13, 10)), 'a double CRLF is answered with one');
  }),

  transportCase('ends a stream that cannot be framed', 'RFC 3261 section 18.3', ['stream'], async (scene) => {
    const a = await scene.station();
    const stranger = await scene.stranger(a.at);
    stranger.send(everyByte);
    await failureAt(scene, a);
    claim(a.host.failures[0]?.reason === 'rejected' && a.host.drops[0] === 'framing', 'it is counted and ended by our own check');
    claim(a.host.messages.length === 0, 'nothing of it is handed on');
  }),

  transportCase('gives up a message that stalls', 'design section 10', ['stream', 'gives-up'], async (scene, subject) => {
    const a = await scene.station();
    await stallAt(scene, subject, a);
    await failureAt(scene, a);
    claim(a.host.failures[0]?.reason === 'rejected' && a.host.drops[0] === 'stalled', 'it is counted as stalled and ended');
    claim(a.host.messages.length === 1, 'nothing of it is handed on');
  }),

  transportCase('waits for the rest of a message', 'RFC 3261 section 18.3', ['stream', 'waits'], async (scene, subject) => {
    const a = await scene.station();
    const { sent, finish } = await stallAt(scene, subject, a);
    finish();
    claim(sameBytes((await scene.message(a, 2)).bytes, sent), 'however late it comes, it comes whole');
  }),

  transportCase('refuses a message too large to come', 'design section 10', ['stream'], async (scene) => {
    const a = await scene.station();
    const stranger = await scene.stranger(a.at);
    stranger.send(new TextEncoder().encode('OPTIONS sip:kit SIP/2.0\r\nContent-Length: 2000000000\r\n\r\n'));
    await failureAt(scene, a);
    claim(a.host.drops[0] === 'oversize', 'it is counted as oversize');
  }),

  transportCase('rejects when nobody listens', 'RFC 3261 section 18.4, RED-34', ['stream'], async (scene, subject) => {
    const a = await scene.station();
    const nobody = await scene.wait(subject.deadEnd(), 'a dead end');
    const code = await codeOf(scene.open(a, nobody));
    claim(code === 'E_TRANSPORT_REFUSED', `open rejects with E_TRANSPORT_REFUSED, not ${code}`);
  }),

  transportCase('tells when the peer closes', 'RED-37', ['stream'], async (scene) => {
    const [a, b] = [await scene.station(), await scene.station()];
    const { flow } = await scene.open(a, b.at);
    a.transport.send(flow, sampleMessage('hello'));
    const { flow: back } = await scene.message(b);
    b.transport.close(back);
    await failureAt(scene, a);
    claim(a.host.failures[0]?.flow === flow && a.host.failures[0].reason === 'closed', 'the flow failed as closed');
    const again = await scene.open(a, b.at);
    claim(again.flow !== flow, 'the next open connects anew');
  }),

  transportCase('does not report its own close', 'Transport contract', ['stream'], async (scene) => {
    const [a, b] = [await scene.station(), await scene.station()];
    const { flow } = await scene.open(a, b.at);
    a.transport.send(flow, sampleMessage('last words'));
    a.transport.close(flow);
    await failureAt(scene, b);
    await scene.settle();
    claim(b.host.messages.length === 1, 'what was sent before the close arrives');
    claim(a.host.failures.length === 0, 'who closes is not told');
    a.transport.send(flow, sampleMessage('too late'));
    await failureAt(scene, a);
    claim(a.host.failures[0]?.reason === 'closed', 'a closed flow is unknown');
  }),

  transportCase('keeps a connection per owner', 'design section 4', ['stream', 'per-owner'], async (scene) => {
    const [a, b] = [await scene.station(), await scene.station()];
    const [one, two] = [await scene.open(a, b.at, 'one/primary'), await scene.open(a, b.at, 'two/primary')];
    claim(one.flow !== two.flow, 'each owner has a connection of its own');
  }),

  transportCase('shares a connection among owners', 'design section 4', ['stream', 'shared'], async (scene) => {
    const [a, b] = [await scene.station(), await scene.station()];
    const [one, two] = [await scene.open(a, b.at, 'one/primary'), await scene.open(a, b.at, 'two/primary')];
    claim(one.flow === two.flow, 'all owners have one connection to a remote');
  }),
];
