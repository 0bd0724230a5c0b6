import { assertMessage, type BusMessage, decodeJson, encodeJson, maxMessageBytes } from '@offhook/core';
import { describe, expect, test } from 'vitest';
import { reply } from './replies.ts';

/** A message whose answers are kept, if the bus would take them. */
function message(payload: Uint8Array) {
  const answers: unknown[] = [];
  const asked: BusMessage = {
    subject: 'control',
    payload,
    headers: {},
    respond(answer, headers) {
      assertMessage(answer, headers);
      answers.push(decodeJson(answer));
    },
  };
  return { asked, answers };
}

describe('a command from the bus', () => {
  test('is answered with a refusal when the answer is larger than the bus carries', () => {
    const { asked, answers } = message(encodeJson({ command: 'lines' }));
    reply(asked, { ok: true, value: 'x'.repeat(maxMessageBytes) });
    expect(answers).toMatchObject([{ ok: false, code: 'E_BUS_PAYLOAD' }]);
  });
});
