import { type Ambient, asFlow, type Endpoint, type Transport, TransportError, type TransportHost } from '@offhook/core';

/** A transport whose network is one server that grants whatever it is asked. */
export interface AnsweringTransport extends Transport {
  /** Start lines of what was sent, with the value of Expires. */
  readonly sent: readonly string[];
  /** In order: `start`, `stop` and each request by its method. */
  readonly story: readonly string[];
  /** The server falls silent. */
  silence(): void;
}

export interface AnsweringOptions {
  readonly local?: Endpoint;
  /** `start` rejects with it. */
  readonly startError?: TransportError;
}

const text = new TextDecoder();
const bytes = new TextEncoder();
const kept = /^(Via|From|To|Call-ID|CSeq|Contact|Expires):/i;

/** 200 OK with what a response copies, and the binding of a REGISTER. */
function grant(request: string): Uint8Array {
  const fields = request.split('\r\n').filter((line) => kept.test(line));
  const granted = fields.map((field) => (/^To:/i.test(field) && !field.includes(';tag=') ? `${field};tag=server` : field));
  return bytes.encode(['SIP/2.0 200 OK', ...granted, 'Content-Length: 0', '', ''].join('\r\n'));
}

export function createAnsweringTransport(ambient: Ambient, options: AnsweringOptions = {}): AnsweringTransport {
  const { local = { host: '192.0.2.9', port: 5060 }, startError } = options;
  const sent: string[] = [];
  const story: string[] = [];
  let host: TransportHost | undefined;
  let isSilent = false;
  return {
    manifest: Object.freeze({
      name: 'answering',
      kind: 'transport',
      api: 1,
      protocol: 'udp',
      reliable: false,
      framing: 'datagram',
      maxBytes: 65_507,
    }),
    sent,
    story,
    silence() {
      isSilent = true;
    },
    async start(newHost) {
      story.push('start');
      if (startError !== undefined) throw startError;
      host = newHost;
      return [local];
    },
    async open({ remote }) {
      return { flow: asFlow(`to-${remote.host}`), protocol: 'udp', local, remote };
    },
    send(flow, message) {
      const request = text.decode(message);
      sent.push(`${request.split(' SIP/2.0')[0]} ${/^Expires: (\d+)/m.exec(request)?.[1] ?? ''}`.trim());
      story.push(request.split(' ')[0] ?? '');
      if (isSilent || request.startsWith('SIP/2.0')) return;
      const remote = { host: flow.slice('to-'.length), port: 5060 };
      ambient.defer(() => host?.message({ bytes: grant(request), flow, local, remote, atMs: ambient.now() }));
    },
    close() {},
    async stop() {
      story.push('stop');
      host = undefined;
    },
  };
}

export const inUse = (): TransportError =>
  new TransportError('E_TRANSPORT_IN_USE', 'Another process has 192.0.2.9:5060. Stop it, or choose another port.');
