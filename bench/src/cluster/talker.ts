import { createNatsBus } from '@offhook/bus-nats';
import { type Bus, type BusHeaders, createMemoryBus, systemAmbient } from '@offhook/core';
import { machineMs } from '../process-costs.ts';

/** One end of a bus, in a process of its own: without a server both ends, over the bus in process. Told what to do over IPC. */

export type TalkOrder =
  | { readonly order: 'listen'; readonly subject: string }
  /** What was heard so far is forgotten; `heard` is told when so many have come. */
  | { readonly order: 'expect'; readonly count: number }
  | {
      readonly order: 'send';
      readonly subject: string;
      readonly headers: BusHeaders;
      readonly bytes: number;
      readonly count: number;
      /** Undefined: as fast as the bus takes them. */
      readonly perSecond?: number;
    };

/** What has come: by the clock of the machine. */
export interface Heard {
  readonly lastMs: number;
  /** One way, of each message, ms. */
  readonly tookMs: readonly number[];
}

/** The bus keeps what it has no word for within a window: so many messages are far from its end. */
const batch = 1_000;
const tickMs = 2;

const [, , url = ''] = process.argv;
const ambient = systemAmbient();
const bus: Bus = url === '' ? createMemoryBus({ ambient }) : await createNatsBus({ servers: [url], ambient });
let expected = 0;
let took: number[] = [];

function listen(subject: string): void {
  bus.subscribe(subject, ({ payload }) => {
    const nowMs = machineMs();
    took.push(nowMs - new DataView(payload.buffer, payload.byteOffset).getFloat64(0));
    if (took.length === expected)
      process.send?.({ event: 'heard', lastMs: nowMs, tookMs: took } satisfies Heard & { event: string });
  });
}

/** A new payload each, as in life: nobody may keep one that is written again. */
function sendOne(subject: string, headers: BusHeaders, bytes: number): void {
  const payload = new Uint8Array(bytes);
  new DataView(payload.buffer).setFloat64(0, machineMs());
  bus.publish(subject, payload, { headers });
}

async function send({ subject, headers, bytes, count, perSecond }: Extract<TalkOrder, { order: 'send' }>): Promise<void> {
  const startMs = machineMs();
  process.send?.({ event: 'sending', startMs });
  for (let sent = 0; sent < count; ) {
    const due = perSecond === undefined ? sent + batch : Math.floor(((machineMs() - startMs) * perSecond) / 1_000);
    for (; sent < Math.min(count, due); sent += 1) sendOne(subject, headers, bytes);
    if (perSecond === undefined) await bus.flush();
    else await new Promise((resolve) => setTimeout(resolve, tickMs));
  }
}

process.on('message', async (given: TalkOrder) => {
  if (given.order === 'send') return send(given);
  if (given.order === 'listen') {
    listen(given.subject);
    await bus.flush();
    process.send?.({ event: 'listening' });
    return;
  }
  took = [];
  expected = given.count;
  process.send?.({ event: 'expecting' });
});
process.on('disconnect', () => process.exit(0));
process.send?.({ event: 'ready' });
