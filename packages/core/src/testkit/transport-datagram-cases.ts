import { type TransportCase, transportCase } from './transport-case.ts';
import { claim, sameBytes, sampleMessage } from './transport-subject.ts';

/** What datagram transports promise beyond the rest. */
export const datagramTransportCases: readonly TransportCase[] = [
  transportCase('shares a flow among owners', 'design section 4', ['datagram'], async (scene) => {
    const [a, b] = [await scene.station(), await scene.station()];
    const [one, two] = [await scene.open(a, b.at, 'one/primary'), await scene.open(a, b.at, 'two/primary')];
    claim(one.flow === two.flow, 'a 4-tuple is one flow');
  }),

  transportCase('never merges datagrams', 'RFC 3261 section 18.3', ['datagram'], async (scene) => {
    const [a, b] = [await scene.station(), await scene.station()];
    const { flow } = await scene.open(a, b.at);
    const sent = ['first', 'second'].map((id) => sampleMessage(id));
    for (const message of sent) a.transport.send(flow, message);
    await scene.message(b, 2);
    claim(
      sent.every((message) => b.host.messages.some(({ bytes }) => sameBytes(bytes, message))),
      'each datagram is a message of its own',
    );
  }),

  transportCase('drops empty datagrams', 'design section 10', ['datagram'], async (scene) => {
    const a = await scene.station();
    const stranger = await scene.stranger(a.at);
    stranger.send(new Uint8Array());
    stranger.send(sampleMessage('after'));
    const after = await scene.message(a);
    claim(after.bytes.length > 0 && a.host.drops[0] === 'empty', 'an empty datagram is counted, not handed on');
  }),

  transportCase('reports a refusal and keeps the flow', 'RFC 3261 section 18.4, D-18', ['datagram'], async (scene, subject) => {
    const a = await scene.station();
    const nobody = await scene.wait(subject.deadEnd(), 'a dead end');
    const { flow } = await scene.open(a, nobody);
    a.transport.send(flow, sampleMessage('anybody'));
    await scene.wait(
      a.host.until(() => a.host.failures.length > 0),
      'the refusal',
    );
    const [failure] = a.host.failures;
    claim(failure?.reason === 'refused' && failure.flow === flow, 'the flow is reported as refused');
    const late = await scene.station(nobody);
    a.transport.send(flow, sampleMessage('now'));
    await scene.message(late);
  }),

  transportCase('opens a forgotten flow again', 'Transport contract', ['datagram'], async (scene) => {
    const [a, b] = [await scene.station(), await scene.station()];
    const first = await scene.open(a, b.at);
    a.transport.close(first.flow);
    const { flow } = await scene.open(a, b.at);
    a.transport.send(flow, sampleMessage('again'));
    await scene.message(b);
  }),
];
