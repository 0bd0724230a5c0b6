import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readVectors, runVector, type Vector, vectorFolder } from '../../src/index.ts';

/* Every vector of the redundancy reference but 9.7, as data. */

const files = readdirSync(vectorFolder).filter((name) => name.endsWith('.yaml'));
const readings = files.map((name) => readVectors({ name, text: readFileSync(new URL(name, vectorFolder), 'utf8') }));
const vectors: readonly Vector[] = readings.flatMap((reading) => reading.vectors);

test('every file can be read', () => expect(readings.flatMap(({ findings }) => findings)).toEqual([]));

test('every vector of the reference is there, once', () => {
  const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
  const numbers = [range(1, 78), range(80, 113), range(120, 129), range(150, 158)].flat();
  expect(vectors.map(({ id }) => id).sort()).toEqual(numbers.map((n) => `RED-${String(n).padStart(2, '0')}`).sort());
});

describe.each(readings.map((reading, i) => ({ file: files[i], vectors: reading.vectors })))('$file', ({ vectors: own }) => {
  test.each(own)('$id $title', async (vector) => {
    const { faults, result } = await runVector(vector);
    expect({ result, faults }).toEqual({ result: 'passed', faults: undefined });
  });
});
