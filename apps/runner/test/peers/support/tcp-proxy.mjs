/**
 * Passes connections on: who is stopped (SIGSTOP) is a cable that is pulled, who goes on is one that is mended.
 * Usage: node tcp-proxy.mjs PORT TARGET-PORT
 */
import { connect, createServer } from 'node:net';

const [port = '0', target = '0'] = process.argv.slice(2);
createServer((near) => {
  const far = connect(Number(target), '127.0.0.1');
  near.pipe(far).pipe(near);
  for (const [one, other] of [
    [near, far],
    [far, near],
  ]) {
    one?.on('error', () => other?.destroy());
    one?.on('close', () => other?.destroy());
  }
}).listen(Number(port), '127.0.0.1', () => process.stdout.write('ready\n'));
