import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { type Answer, decode, encode, type Packet, TRUNCATED_RESPONSE } from 'dns-packet';

/** What a scripted server says to a question over UDP; undefined: nothing. TCP always gives `answers`. */
export interface Script {
  readonly answers?: readonly Answer[];
  readonly authorities?: readonly Answer[];
  /** 2: SERVFAIL, 3: NXDOMAIN. */
  readonly rcode?: number;
  readonly truncated?: boolean;
  /** Said before the answer, byte by byte. */
  readonly first?: (question: Packet) => readonly Uint8Array[];
}

export interface DnsServer {
  /** `127.0.0.1:port`. */
  readonly address: string;
  /** `udp SRV name`, `tcp SRV name`. */
  readonly heard: readonly string[];
  /** Resolves when this many questions were heard. */
  hearing(count: number): Promise<void>;
  stop(): Promise<void>;
}

/** A DNS server on loopback that says what the test wrote. */
export async function startDns(script: (name: string) => Script | undefined): Promise<DnsServer> {
  const heard: string[] = [];
  const waiting: { readonly count: number; readonly tell: () => void }[] = [];
  const udp = createSocket('udp4');
  const tcp = createServer();
  tcp.listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  const { port } = tcp.address() as AddressInfo;
  udp.bind(port, '127.0.0.1');
  await once(udp, 'listening');

  const hear = (over: string, bytes: Buffer) => {
    const query = decode(bytes);
    const [question] = query.questions ?? [];
    heard.push(`${over} ${question?.type} ${question?.name}`);
    for (const { count, tell } of waiting) if (heard.length >= count) tell();
    return { query, said: script(question?.name ?? '') };
  };
  const packetOf = ({ id, questions = [] }: Packet, { answers = [], authorities = [], rcode = 0 }: Script, flags = 0): Buffer =>
    encode({
      type: 'response',
      id: id ?? 0,
      flags: flags | rcode,
      questions,
      answers: [...answers],
      authorities: [...authorities],
    });

  udp.on('message', (bytes: Buffer, { address, port: from }: RemoteInfo) => {
    const { query, said } = hear('udp', bytes);
    if (said === undefined) return;
    for (const packet of said.first?.(query) ?? []) udp.send(packet, from, address);
    udp.send(said.truncated ? packetOf(query, {}, TRUNCATED_RESPONSE) : packetOf(query, said), from, address);
  });
  tcp.on('connection', (socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      const { query, said } = hear('tcp', bytes.subarray(2));
      if (said === undefined) return void socket.end();
      const packet = packetOf(query, said);
      // In two parts, as a network may.
      socket.write(Buffer.from([packet.length >> 8]));
      setImmediate(() => socket.end(Buffer.concat([Buffer.from([packet.length & 0xff]), packet])));
    });
  });
  return {
    address: `127.0.0.1:${port}`,
    heard,
    hearing: (count) =>
      new Promise((tell) => {
        if (heard.length >= count) tell();
        else waiting.push({ count, tell });
      }),
    async stop() {
      udp.close();
      tcp.close();
      await once(tcp, 'close');
    },
  };
}
