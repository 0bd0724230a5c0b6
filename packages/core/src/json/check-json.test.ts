import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { encodeJson } from '../bus/envelope.ts';
import { lineKey } from '../line-key.ts';
import { checkJson, readCommand } from './check-json.ts';
import { openEnvelopeSchema } from './envelope-schemas.ts';
import { textSchema } from './shared-schemas.ts';

const known = {
  status: z.strictObject({}),
  message: z.strictObject({ target: textSchema('Whom.'), text: textSchema('What.') }),
} as const;
const read = (value: unknown) => readCommand('A line', known, encodeJson(value));
const refused = (message: string) => expect.objectContaining({ code: 'E_COMMAND_INVALID', message });

describe('a command from the bus', () => {
  test('is read with its arguments, none being an empty set', () => {
    const args = { target: '2000', text: 'hello' };
    expect(read({ command: 'message', args })).toEqual({ command: 'message', args });
    expect(read({ command: 'status' })).toEqual({ command: 'status', args: {} });
  });

  test('is refused when it is unknown, even by a name that every object has', () => {
    for (const command of ['dance', 'constructor', '__proto__'])
      expect(() => read({ command })).toThrow(refused(`A line has no command "${command}". Known: status, message.`));
  });

  test('is refused with every argument that is missing, of another type or unknown', () => {
    expect(() => read({ command: 'message', args: { target: 7, txt: 'hello' } })).toThrow(
      refused(
        'Argument "target" is 7; a non-empty text is needed. Argument "text" is nothing; a non-empty text is needed. Argument "txt" is not known, did you mean "text"?; allowed: target, text.',
      ),
    );
    expect(() => read({ command: 'status', args: { line: '1' } })).toThrow(
      refused('Argument "line" is not known; allowed: none.'),
    );
  });

  test.each([
    ['null', null, 'It is nothing; an object is needed.'],
    ['a text', 'status', 'It is status; an object is needed.'],
    ['a list', [], 'It is []; an object is needed.'],
    ['no command', {}, '"command" is nothing; a non-empty text is needed.'],
    ['arguments that are none', { command: 'status', args: 7 }, '"args" is 7; an object is needed.'],
    ['arguments beside it', { command: 'status', target: '1' }, '"target" is not known; allowed: command, args.'],
  ])('is none when the payload is %s', (_, value, why) => {
    expect(() => read(value)).toThrow(refused(`This is no command. ${why} Known: status, message.`));
  });

  test('is none when the payload is no JSON', () => {
    expect(() => readCommand('A line', known, new TextEncoder().encode('{'))).toThrow(
      refused('This is no command. It is no JSON. Known: status, message.'),
    );
  });
});

describe('a question from another process', () => {
  const open = { target: { host: '10.0.0.1', protocol: 'udp' }, line: lineKey('1001'), leg: 'primary', timeoutMs: 1_000 };

  test('is taken with what a newer member may have added', () => {
    expect(checkJson(openEnvelopeSchema, encodeJson({ ...open, later: true }))).toEqual({ value: open });
  });

  test('is refused with the place of each fault', () => {
    const wrong = { ...open, target: { host: '', port: 70_000, protocol: 'sctp' }, line: 'x' };
    expect(checkJson(openEnvelopeSchema, encodeJson(wrong))).toEqual({
      faults: [
        '"target.host" is nothing; a non-empty text is needed.',
        '"target.port" is 70000; a port, 0 to 65535 is needed.',
        '"target.protocol" is sctp; udp, tcp or tls is needed.',
        '"line" is x; a line key is needed.',
      ].join(' '),
    });
  });
});
