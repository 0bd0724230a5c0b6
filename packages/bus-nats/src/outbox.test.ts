import { createManualAmbient } from '@offhook/core/testkit';
import { describe, expect, it } from 'vitest';
import { Outbox } from './outbox.ts';

const sip = 'offhook.local.line.7.abc.sip';
const fact = 'offhook.local.fact.7.abc.decision';

/** An outbox and a server whose word is given when the test says so. */
function open() {
  const ambient = createManualAmbient();
  const asked: (() => void)[] = [];
  const outbox = new Outbox(ambient, () => new Promise((resolve) => asked.push(resolve)));
  const publish = (subject: string, bytes = 500): boolean => {
    const isAdmitted = outbox.admits(subject, bytes);
    if (isAdmitted) outbox.sent(bytes);
    return isAdmitted;
  };
  const publishMany = (count: number, subject: string, bytes?: number): number =>
    Array.from({ length: count }, () => publish(subject, bytes)).filter(Boolean).length;
  const answer = async (): Promise<void> => {
    asked.shift()?.();
    await ambient.settle();
  };
  return { ambient, asked, outbox, publish, publishMany, answer };
}

describe('Outbox', () => {
  it('sends a window of messages and drops what is beyond it', () => {
    const { outbox, publishMany } = open();
    expect(publishMany(20_000, sip)).toBe(16_384);
    expect(outbox.dropped).toEqual({ messages: 20_000 - 16_384, facts: 0 });
  });

  it('counts bytes as well as messages', () => {
    const { publishMany } = open();
    expect(publishMany(20, sip, 1_048_576)).toBe(8);
  });

  it('drops facts first', () => {
    const { outbox, publish, publishMany } = open();
    expect(publishMany(10_000, fact)).toBe(8_192);
    expect(publish(sip)).toBe(true);
    expect(outbox.dropped).toEqual({ messages: 0, facts: 10_000 - 8_192 });
  });

  it('asks the server for its word and sends on when it comes', async () => {
    const { asked, publishMany, answer } = open();
    publishMany(20_000, sip);
    expect(asked).toHaveLength(1);
    await answer();
    // The mark was made after an eighth of the window.
    expect(publishMany(20_000, sip)).toBe(2_048);
  });

  it('asks after a quarter of a second where little is sent', async () => {
    const { ambient, asked, publish } = open();
    publish(sip);
    await ambient.elapse(249);
    expect(asked).toHaveLength(0);
    await ambient.elapse(1);
    expect(asked).toHaveLength(1);
  });

  it('sends nothing more to a server that owes its word for a second, until it gives it', async () => {
    const { ambient, outbox, publish, answer } = open();
    publish(sip);
    await ambient.elapse(250 + 1_000);
    expect(publish(sip)).toBe(false);
    expect(outbox.dropped).toEqual({ messages: 1, facts: 0 });
    await answer();
    expect(publish(sip)).toBe(true);
  });

  it('sends nothing while the connection is lost, and a whole window once it is found', () => {
    const { outbox, publish, publishMany } = open();
    publishMany(16_384, sip);
    outbox.lost();
    expect(publish(sip)).toBe(false);
    outbox.found();
    expect(publishMany(20_000, sip)).toBe(16_384);
  });

  it('says once when it begins to drop, and once when that is long over', async () => {
    const { ambient, outbox, publish } = open();
    for (let n = 0; n < 3; n++) {
      outbox.lost();
      publish(sip);
      publish(fact);
      outbox.found();
      publish(sip);
      await ambient.elapse(1_000);
    }
    await ambient.elapse(5_000);
    outbox.found();
    publish(sip);
    expect(ambient.logged.map(({ message, fields }) => [message, fields])).toEqual([
      ['bus drops messages', { reason: 'connection lost' }],
      ['bus drops no more', { messages: 3, facts: 3 }],
    ]);
  });

  it('leaves no timer behind', async () => {
    const { ambient, outbox, publish } = open();
    publish(sip);
    await ambient.elapse(300);
    publish(sip);
    outbox.end();
    expect(ambient.timers).toBe(0);
  });
});
