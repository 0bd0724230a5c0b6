import { systemAmbient } from '@offhook/core';
import { createMemoryKeyValueServer, type LineStoreSubject, lineStoreKit, runKit } from '@offhook/core/testkit';
import { describe, it } from 'vitest';
import { createLedger, type Ledger } from '../src/index.ts';

/** Whoever owns the slots next opens a ledger of its own on the same bucket, while the former one is still there. */
async function openLedgers(): Promise<LineStoreSubject> {
  const ambient = systemAmbient();
  const server = createMemoryKeyValueServer(ambient);
  const ledgers: Ledger[] = [];
  const open = async (): Promise<Ledger> => {
    const epoch = ledgers.length + 1;
    const ledger = createLedger({
      ...{
        ledger: await server.client().bucket('ledger'),
        ambient,
        wallNow: ambient.now,
        epochOf: () => epoch,
        onLost: () => {},
      },
    });
    ledgers.push(ledger);
    return ledger;
  };
  return {
    store: await open(),
    reopen: open,
    async close() {
      for (const ledger of ledgers) await ledger.close();
    },
  };
}

describe('the ledger of a cluster', () => runKit(lineStoreKit, it, openLedgers));
