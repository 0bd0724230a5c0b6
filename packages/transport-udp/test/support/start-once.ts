import { createUdpTransport } from '../../src/index.ts';
import { createRealAmbient } from './real-ambient.ts';

// A second runner in short: starts on the address given, prints how that went, stops.
const [host = '127.0.0.1', port = '0'] = process.argv.slice(2);
const transport = createUdpTransport({ host, port: Number(port) }, createRealAmbient());
try {
  const [at] = await transport.start({ message: () => process.stdout.write('took a message\n'), flowFailed() {}, dropped() {} });
  process.stdout.write(`started ${at?.port}\n`);
} catch (error) {
  const { code, message } = error as { code: string; message: string };
  process.stdout.write(`${code} ${message}\n`);
}
await transport.stop();
