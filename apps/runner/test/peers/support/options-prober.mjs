/**
 * Asks lines whether they are there: an OPTIONS to each Contact on standard input (one a line), again every `interval` ms until a response
 * has come. Prints `{"uri","status","atMs"}` for the first response of each, and ends when all have answered or standard input is closed.
 * Usage: node options-prober.mjs PORT INTERVAL
 */
import { createSocket } from 'node:dgram';
import { createInterface } from 'node:readline';

const [port = '0', interval = '200'] = process.argv.slice(2);
const socket = createSocket('udp4');
/** @type {Map<string, { uri: string, host: string, port: number }>} */
const waiting = new Map();
let asked = 0;

/** @param {string} uri */
function ask(uri) {
  const [, host = '', to = '5060'] = /@([^:;>]+)(?::(\d+))?/.exec(uri) ?? [];
  asked += 1;
  waiting.set(`probe${asked}`, { uri, host, port: Number(to) });
}

/** @param {string} id @param {{ uri: string, host: string, port: number }} target */
function send(id, target) {
  const message = [
    `OPTIONS ${target.uri} SIP/2.0`,
    `Via: SIP/2.0/UDP 127.0.0.1:${port};rport;branch=z9hG4bK${id}-${Date.now()}`,
    'Max-Forwards: 10',
    `From: <sip:prober@127.0.0.1>;tag=${id}`,
    `To: <${target.uri}>`,
    `Call-ID: ${id}`,
    `CSeq: ${Date.now() % 2 ** 31} OPTIONS`,
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
  socket.send(message, target.port, target.host);
}

socket.on('message', (bytes) => {
  const text = bytes.toString();
  const id = /^Call-ID: *(\S+)/im.exec(text)?.[1] ?? '';
  const target = waiting.get(id);
  if (target === undefined) return;
  waiting.delete(id);
  process.stdout.write(`${JSON.stringify({ uri: target.uri, status: Number(text.slice(8, 11)), atMs: Date.now() })}\n`);
  if (waiting.size === 0 && closed) process.exit(0);
});

let closed = false;
socket.bind(Number(port), '127.0.0.1', () => {
  socket.setRecvBufferSize(4 * 1024 * 1024);
  const input = createInterface({ input: process.stdin });
  input.on('line', ask);
  input.on('close', () => {
    closed = true;
    const round = () => {
      // Evenly over the interval: so many at once would overflow a socket.
      const all = [...waiting];
      const perSlice = Math.ceil(all.length / 10);
      for (let slice = 0; slice < 10; slice++) {
        const some = all.slice(slice * perSlice, (slice + 1) * perSlice);
        setTimeout(
          () => {
            for (const [id, target] of some) if (waiting.has(id)) send(id, target);
          },
          (slice * Number(interval)) / 10,
        );
      }
    };
    round();
    setInterval(round, Number(interval));
  });
});
