import type { Network } from './network.ts';
import { until } from './waiting.ts';

/** One packet as the kernel stamped it. SIP fields are of the first message in it. */
export interface Packet {
  /** When it was sent, ms since 1970 with microseconds behind the point. */
  readonly atMs: number;
  readonly kind: 'sip' | 'icmp' | 'reset' | 'other';
  readonly protocol: 'udp' | 'tcp';
  /** Of ICMP: the ports of the datagram it is about. */
  readonly from: number;
  readonly to: number;
  /** Of a request; empty for a response. */
  readonly method: string;
  /** Of a response. */
  readonly status: number | undefined;
  readonly callId: string;
  readonly cseq: number;
  readonly cseqMethod: string;
}

/** What was on the wire of a network, from its start on. */
export interface Capture {
  /** Everything sent until now. */
  packets(): Promise<readonly Packet[]>;
  /** Requests of a method to a port since an instant, each packet of it. */
  requests(method: string, to: number, sinceMs?: number): Promise<readonly Packet[]>;
  stop(): Promise<void>;
}

const fields = [
  ...['frame.time_epoch', 'udp.srcport', 'tcp.srcport', 'udp.dstport', 'tcp.dstport'],
  ...['sip.Method', 'sip.Status-Code', 'sip.Call-ID', 'sip.CSeq.seq', 'sip.CSeq.method', 'icmp.type', 'tcp.flags.reset'],
];

function readPacket(line: string): Packet {
  const [time, udpFrom, tcpFrom, udpTo, tcpTo, method = '', status = '', callId = '', cseq, cseqMethod = '', icmp, reset] =
    line.split('\t');
  const isSip = method !== '' || status !== '';
  const isReset = reset === '1' || reset === 'True';
  return {
    atMs: Number(time) * 1000,
    kind: icmp ? 'icmp' : isReset ? 'reset' : isSip ? 'sip' : 'other',
    protocol: udpFrom ? 'udp' : 'tcp',
    from: Number(udpFrom || tcpFrom),
    to: Number(udpTo || tcpTo),
    method,
    status: status === '' ? undefined : Number(status),
    callId,
    cseq: Number(cseq),
    cseqMethod,
  };
}

/** Watches the loopback of a network. Resolves when packets are being seen. */
export async function startCapture(network: Network): Promise<Capture> {
  const { first, last } = network.ports;
  const probePort = network.port();
  const seen: Packet[] = [];
  const probes: Packet[] = [];
  const args = [
    '-i',
    'lo',
    '-n',
    '-l',
    '-Q',
    '-s',
    '0',
    '-T',
    'fields',
    '-E',
    'occurrence=f',
    ...fields.flatMap((field) => ['-e', field]),
  ];
  const decode = ['udp', 'tcp'].flatMap((protocol) => ['-d', `${protocol}.port==${first}-${last},sip`]);
  const filter = `sip or icmp or tcp.flags.reset == 1 or udp.dstport == ${probePort}`;
  const child = network.start(['tshark', ...args, ...decode, '-Y', filter], {
    onOut(line) {
      const packet = readPacket(line);
      if (packet.protocol === 'udp' && packet.to === probePort) probes.push(packet);
      else seen.push(packet);
    },
  });

  /** A datagram of our own that has come through says that all before it have. */
  async function catchUp(withinMs: number): Promise<void> {
    const sinceMs = Date.now();
    const caughtUp = (): boolean => probes.some(({ kind, atMs }) => kind === 'other' && atMs >= sinceMs);
    let sentAtMs = 0;
    const probe = async (): Promise<boolean> => {
      if (caughtUp()) return true;
      if (Date.now() - sentAtMs < 300) return false;
      sentAtMs = Date.now();
      await network.run(['bash', '-c', `echo probe >/dev/udp/127.0.0.1/${probePort}`]).catch(() => {});
      return caughtUp();
    };
    await until('the capture sees packets', withinMs, probe, child.tail);
  }

  await catchUp(20_000);
  return {
    async packets() {
      await catchUp(10_000);
      return seen;
    },
    async requests(method, to, sinceMs = 0) {
      await catchUp(10_000);
      return seen.filter(
        (packet) => packet.kind === 'sip' && packet.method === method && packet.to === to && packet.atMs >= sinceMs,
      );
    },
    async stop() {
      await child.stop();
    },
  };
}
