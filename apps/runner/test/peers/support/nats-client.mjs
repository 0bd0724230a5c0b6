/**
 * A client of NATS that knows nothing of Offhook: publishes one message and prints so many answers, one a line.
 * Usage: node nats-client.mjs URL SUBJECT PAYLOAD ANSWERS
 */
import { connect, createInbox } from 'nats';

const [servers = '', subject = '', payload = '', answers = '1'] = process.argv.slice(2);
const nats = await connect({ servers });
const reply = createInbox();
const heard = nats.subscribe(reply, { max: Number(answers) });
nats.publish(subject, payload, { reply });
for await (const message of heard) process.stdout.write(`${message.string()}\n`);
await nats.close();
