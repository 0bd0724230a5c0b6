/**
 * Sends requests over NATS, one after the other: `{"subject","payload"}` a line on standard input. Prints each answer, a line of JSON.
 * Usage: node bus-orders.mjs URL
 */
import { createInterface } from 'node:readline';
import { connect } from 'nats';

const [url = ''] = process.argv.slice(2);
const nats = await connect({ servers: url });
for await (const line of createInterface({ input: process.stdin })) {
  const { subject, payload } = JSON.parse(line);
  const { data } = await nats.request(subject, JSON.stringify(payload), { timeout: 5_000 });
  process.stdout.write(`${new TextDecoder().decode(data)}\n`);
}
await nats.close();
