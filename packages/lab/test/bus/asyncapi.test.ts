import { createRequire } from 'node:module';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { document, follow, refsIn } from './document.ts';

/* docs/asyncapi.json: what it must be to be read by any tool of AsyncAPI. */

const require = createRequire(import.meta.url);
const official: object = require('@asyncapi/specs/schemas/3.0.0-without-$id.json');
const refs = refsIn(document);
const unused = (part: keyof typeof document.components): readonly string[] =>
  Object.keys(document.components[part]).filter((name) => !refs.includes(`#/components/${part}/${name}`));

describe('the document of the bus', () => {
  test('stands in docs/asyncapi.json as it is (npx vitest run -u in packages/lab rewrites it)', async () => {
    await expect(`${JSON.stringify(document, null, 2)}\n`).toMatchFileSnapshot('../../../../docs/asyncapi.json');
  });

  test('is what the schema of AsyncAPI 3.0.0 asks for', () => {
    const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
    const isValid = ajv.compile(official);
    isValid(document);
    expect(isValid.errors).toBeNull();
    isValid({ ...document, channels: { broken: { address: 7 } } });
    expect(isValid.errors).not.toBeNull();
  });

  test('has no reference that leads nowhere', () => {
    expect(refs.length).toBeGreaterThan(100);
    expect(refs.filter((ref) => follow(ref) === undefined)).toEqual([]);
  });

  test('has nothing that nobody refers to', () => {
    expect([...unused('parameters'), ...unused('messages'), ...unused('schemas')]).toEqual([]);
    const channels = Object.keys(document.channels).filter((name) => !refs.includes(`#/channels/${name}`));
    expect(channels).toEqual([]);
  });

  test('names messages of its own channel in each operation', () => {
    for (const [name, { channel, messages }] of Object.entries(document.operations)) {
      expect(messages, name).not.toHaveLength(0);
      for (const { $ref } of messages) expect($ref, name).toContain(`${channel.$ref}/messages/`);
    }
  });
});
