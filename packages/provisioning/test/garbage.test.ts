import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readConfiguration } from '../src/index.ts';

const words = [
  'lines:',
  '\n',
  '  ',
  '- ',
  '{',
  '}',
  '[',
  ']',
  '&a ',
  '*a',
  ': ',
  '"',
  "'",
  '<',
  '>',
  '/',
  '<flat-profile>',
  '</flat-profile>',
  '<Proxy_1_',
  ' ua="rw"',
  '<![CDATA[',
  '<!--',
  '&amp;',
  '&x;',
  '\t',
  '\u0000',
  '!t ',
  '---',
  '<?xml ',
  '?>',
  'x',
  '#',
];

it('answers any text with a configuration or with placed errors, and never throws', () => {
  const text = fc.oneof(
    fc.string(),
    fc.array(fc.constantFrom(...words), { maxLength: 30 }).map((parts) => parts.join('')),
    fc.string().map((body) => `<flat-profile>${body}</flat-profile>`),
  );
  fc.assert(
    fc.property(text, (given) => {
      const { config, findings } = readConfiguration({ name: 'x', text: given });
      const errors = findings.filter(({ severity }) => severity === 'error');
      expect(config !== undefined || errors.length > 0).toBe(true);
      for (const { at } of errors) {
        expect(at).toMatchObject({ file: 'x' });
        expect(Math.min(at?.line ?? 0, at?.column ?? 0)).toBeGreaterThanOrEqual(1);
      }
    }),
    { numRuns: 1000 },
  );
});
