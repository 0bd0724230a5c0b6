import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineTooLongError, parseReply, parseRequest, readLines } from './control-protocol.ts';

async function linesOf(chunks: readonly string[], longest = 100): Promise<readonly string[]> {
  async function* source() {
    yield* chunks;
  }
  const lines: string[] = [];
  for await (const line of readLines(source(), longest)) lines.push(line);
  return lines;
}

describe('readLines', () => {
  it('joins and splits chunks at line ends, leaves out blank lines and a last one that is not ended', async () => {
    expect(await linesOf(['a', 'b\nc', '\n\n  \nd\ne'])).toEqual(['ab', 'c', 'd']);
  });

  it('gives the same lines however the text is cut', async () => {
    const cut = fc.array(fc.stringMatching(/^[ab\n]{0,6}$/), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(cut, async (chunks) => {
        expect(await linesOf(chunks)).toEqual(await linesOf([chunks.join('')]));
      }),
      { numRuns: 200 },
    );
  });

  it.each([[['x'.repeat(101)]], [['x'.repeat(60), 'x'.repeat(60)]], [[`${'x'.repeat(101)}\n`]]])(
    'stops at a line that is too long (%#)',
    async (chunks) => {
      await expect(linesOf(chunks)).rejects.toThrow(LineTooLongError);
    },
  );
});

describe('parseRequest', () => {
  it('takes a command, for a line or for the runner', () => {
    expect(parseRequest('{"command":"lines"}')).toEqual({ request: { id: 0, command: 'lines' } });
    const full = { id: 7, command: 'call', line: '1001', args: { target: '5000' } };
    expect(parseRequest(JSON.stringify({ ...full, more: 1 }))).toEqual({ request: full });
  });

  it.each([
    ['{', 0, 'JSON object'],
    ['null', 0, 'JSON object'],
    ['[1]', 0, 'JSON object'],
    ['"lines"', 0, 'JSON object'],
    ['{}', 0, '"command" is missing'],
    ['{"id":3,"command":""}', 3, '"command" is empty'],
    ['{"id":3,"command":{}}', 3, '"command" is of type object'],
    ['{"id":"3","command":"lines"}', 0, '"id" is of type string'],
    ['{"id":3,"command":"explain","line":1001}', 3, '"line" is of type number'],
    ['{"id":3,"command":"call","args":[1]}', 3, '"args" is a list'],
    ['{"id":3,"command":"call","args":null}', 3, '"args" is null'],
  ])('answers %s with what is wrong', (text, id, why) => {
    const refused = { id, ok: false, code: 'E_COMMAND_INVALID', message: expect.stringContaining(why) };
    expect(parseRequest(text)).toEqual({ refused });
  });

  it('never throws, whatever it is given', () => {
    const text = fc.oneof(fc.string(), fc.json());
    fc.assert(fc.property(text, (given) => Object.keys(parseRequest(given)).length === 1));
  });
});

describe('parseReply', () => {
  it('takes what has an id, nothing else', () => {
    expect(parseReply('{"id":1,"ok":true,"value":null}')).toEqual({ id: 1, ok: true, value: null });
    expect([parseReply('{'), parseReply('null'), parseReply('{"ok":true}')]).toEqual([undefined, undefined, undefined]);
  });
});
