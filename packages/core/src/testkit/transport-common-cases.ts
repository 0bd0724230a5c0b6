import { formatEndpoint } from '../bus/envelope.ts';
import { asFlow } from '../contracts/transport.ts';
import { codeOf, everyByte, type TransportCase, transportCase } from './transport-case.ts';
import { claim, sameBytes, sampleMessage } from './transport-subject.ts';

/** What every transport promises. */
export const commonTransportCases: readonly TransportCase[] = [
  transportCase('describes itself', 'Transport contract', [], async (_scene, subject) => {
    const { manifest } = subject.create();
    claim(Object.isFrozen(manifest), 'the manifest is frozen');
    claim(manifest.kind === 'transport' && manifest.api === 1, 'the manifest is that of a transport, api 1');
    claim(manifest.reliable === (manifest.framing === 'stream'), 'streams are reliable, datagrams are not');
    claim(manifest.maxBytes >= 1_300, `maxBytes is ${manifest.maxBytes}; no SIP element may take less than 1,300`);
  }),

  transportCase('resolves port 0', 'Transport contract', [], async (scene) => {
    const [a, b] = [await scene.station(), await scene.station()];
    claim(a.at.port > 0 && b.at.port > 0, 'start says which port the system chose');
    claim(formatEndpoint(a.at) !== formatEndpoint(b.at), 'two transports have two addresses');
  }),

  transportCase('carries bytes intact', 'RFC 3261 section 18.3', [], async (scene) => {
    const [a, b] = [await scene.station(), await scene.station()];
    const sent = sampleMessage('intact', everyByte);
    const { flow } = await scene.open(a, b.at);
    a.transport.send(flow, sent);
    claim(sameBytes((await scene.message(b)).bytes, sent), 'what arrives is what was sent');
  }),

  transportCase('carries a large message', 'RFC 3261 section 18.1.1', [], async (scene) => {
    const [a, b] = [await scene.station(), await scene.station()];
    const sent = sampleMessage('large', new Uint8Array(Math.min(a.transport.manifest.maxBytes, 60_000) - 200).fill(0x61));
    const { flow } = await scene.open(a, b.at);
    a.transport.send(flow, sent);
    claim(sameBytes((await scene.message(b)).bytes, sent), 'a message below maxBytes arrives whole');
  }),

  transportCase('names the true addresses', 'RFC 3261 section 18.2.1', [], async (scene) => {
    const [a, b] = [await scene.station(), await scene.station()];
    const { flow, local, remote } = await scene.open(a, b.at);
    a.transport.send(flow, sampleMessage('who'));
    const heard = await scene.message(b);
    claim(formatEndpoint(heard.remote) === formatEndpoint(local), 'the remote of a message is the local address of its sender');
    claim(formatEndpoint(heard.local) === formatEndpoint(b.at), 'the local address of a message is where it arrived');
    claim(formatEndpoint(remote) === formatEndpoint(b.at), 'the remote of a flow is what was asked for');
  }),

  transportCase('answers on the flow of a message', 'RFC 3581 section 4, RFC 3261 section 18.2.2', [], async (scene) => {
    const [a, b] = [await scene.station(), await scene.station()];
    const { flow } = await scene.open(a, b.at);
    a.transport.send(flow, sampleMessage('ask'));
    const asked = await scene.message(b);
    b.transport.send(asked.flow, sampleMessage('answer'));
    const answer = await scene.message(a);
    claim(answer.flow === flow, 'the answer comes in on the flow the question left by');
  }),

  transportCase('reuses the flow of an owner', 'RFC 3261 section 18.1.1', [], async (scene) => {
    const [a, b] = [await scene.station(), await scene.station()];
    const flows = await Promise.all([scene.open(a, b.at), scene.open(a, b.at)]);
    const again = await scene.open(a, b.at);
    claim(
      flows.every(({ flow }) => flow === again.flow),
      'one owner and one remote have one flow',
    );
  }),

  transportCase('refuses an address in use', 'design section 4', [], async (scene, subject) => {
    const [a, b] = [await scene.station(), await scene.station()];
    const second = subject.create(b.at);
    const code = await codeOf(scene.wait(second.start({ message() {}, flowFailed() {}, dropped() {} }), 'a refusal'));
    const { flow } = await scene.open(a, b.at);
    a.transport.send(flow, sampleMessage('mine'));
    await scene.message(b).finally(() => second.stop());
    claim(code === 'E_TRANSPORT_IN_USE', `the second start fails with E_TRANSPORT_IN_USE, not ${code}`);
  }),

  transportCase('refuses a message above maxBytes', 'Transport contract', [], async (scene) => {
    const [a, b] = [await scene.station(), await scene.station()];
    const { flow } = await scene.open(a, b.at);
    a.transport.send(flow, sampleMessage('huge', new Uint8Array(a.transport.manifest.maxBytes + 1)));
    await scene.wait(
      a.host.until(() => a.host.failures.length > 0),
      'the refusal',
    );
    claim(a.host.failures[0]?.reason === 'rejected', 'it is our own check that refuses');
    claim(b.host.messages.length === 0, 'nothing of it leaves');
  }),

  transportCase('fails an unknown flow as closed', 'Transport contract', [], async (scene) => {
    const a = await scene.station();
    a.transport.send(asFlow('nobody knows this flow'), sampleMessage('lost'));
    await scene.wait(
      a.host.until(() => a.host.failures.length > 0),
      'the failure',
    );
    const [failure] = a.host.failures;
    claim(
      failure?.reason === 'closed' && failure.flow === 'nobody knows this flow',
      'the failure names the flow and says closed',
    );
  }),

  transportCase('reports nothing inside a call', 'Transport contract', [], async (scene) => {
    const a = await scene.station();
    a.transport.send(asFlow('nobody knows this flow'), sampleMessage('lost'));
    claim(a.host.failures.length === 0, 'send returns before its failure is reported');
  }),

  transportCase('drops keepalives', 'RFC 5626 section 3.5.1', [], async (scene) => {
    const a = await scene.station();
    const stranger = await scene.stranger(a.at);
    stranger.send(Uint8Array.of(13, 10, 13, 10));
    stranger.send(sampleMessage('after'));
    const after = await scene.message(a);
    claim(sameBytes(after.bytes, sampleMessage('after')), 'a keepalive is no message');
    claim(a.host.drops[0] === 'keepalive', 'it is counted');
  }),

  transportCase('lets no bad peer harm another', 'design section 10', [], async (scene) => {
    const [a, b] = [await scene.station(), await scene.station()];
    const { flow } = await scene.open(a, b.at);
    const bad = await scene.stranger(b.at);
    bad.send(everyByte);
    await scene.wait(
      b.host.until(() => b.host.messages.length + b.host.drops.length > 0),
      'the garbage',
    );
    a.transport.send(flow, sampleMessage('still here'));
    const good = (): boolean => b.host.messages.some(({ bytes }) => sameBytes(bytes, sampleMessage('still here')));
    await scene.wait(b.host.until(good), 'the message of the good peer');
  }),

  transportCase('stops twice', 'Transport contract', [], async (scene) => {
    const a = await scene.station();
    await scene.wait(Promise.all([a.transport.stop(), a.transport.stop()]), 'stop');
    await scene.wait(a.transport.stop(), 'a second stop');
  }),

  transportCase('is silent after stop', 'Transport contract', [], async (scene) => {
    const [a, b] = [await scene.station(), await scene.station()];
    const { flow } = await scene.open(a, b.at);
    a.transport.send(flow, sampleMessage('before'));
    await scene.message(b);
    await scene.wait(b.transport.stop(), 'stop');
    const told = b.host.messages.length + b.host.failures.length + b.host.drops.length;
    a.transport.send(flow, sampleMessage('after'));
    await scene.settle();
    claim(b.host.messages.length + b.host.failures.length + b.host.drops.length === told, 'nothing is reported after stop');
  }),

  transportCase('opens nothing after stop', 'Transport contract', [], async (scene) => {
    const [a, b] = [await scene.station(), await scene.station()];
    await scene.wait(a.transport.stop(), 'stop');
    const code = await codeOf(scene.open(a, b.at));
    claim(code === 'E_TRANSPORT_CLOSED', `open rejects with E_TRANSPORT_CLOSED, not ${code}`);
  }),
];
