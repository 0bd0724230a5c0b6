import { describe, expect, it } from 'vitest';
import { instantIn, lasted } from './instant.ts';
import { timeScale } from './time-scale.ts';

describe('the scale of time', () => {
  it('runs evenly where things happen all the time', () => {
    const { x, cuts } = timeScale([0, 20, 40, 60, 80, 100], 100, 0, 1_000);
    expect(cuts).toEqual([]);
    expect([x(0), x(50), x(100)]).toEqual([0, 500, 1_000]);
  });

  it('cuts short what is empty, and keeps the order', () => {
    const { x, cuts } = timeScale([0, 3_600, 3_700, 86_400], 86_400, 0, 1_000);
    expect(cuts.length).toBeGreaterThan(0);
    const places = [0, 100, 3_600, 3_650, 3_700, 40_000, 86_400].map(x);
    expect([...places].sort((a, b) => a - b)).toEqual(places);
    expect(x(86_400)).toBeCloseTo(1_000);
    // 100 s among a day are wide enough to be seen.
    expect(x(3_700) - x(3_600)).toBeGreaterThan(20);
  });

  it('names instants that stand apart', () => {
    const { x, ticks } = timeScale(undefined, 1_200, 190, 1_256);
    expect(ticks.length).toBeGreaterThan(5);
    for (const [i, tick] of ticks.slice(1).entries()) expect(x(tick) - x(ticks[i] ?? 0)).toBeGreaterThanOrEqual(74);
  });
});

describe('instants and spans', () => {
  it.each([
    [0, '0 s'],
    [16, '16 s'],
    [237.52, '3 min 58 s'],
    [800, '13 min 20 s'],
    [7_500, '2 h 5 min'],
  ])('%s s lasted %s', (seconds, text) => expect(lasted(seconds)).toBe(text));

  it('stand in seconds in a short drill, as a clock in a long one', () => {
    expect([237.52, 900].map(instantIn(1_200))).toEqual(['237.52 s', '900 s']);
    expect([36_357.76, 59.996].map(instantIn(86_400))).toEqual(['10:05:57.76', '0:01:00']);
  });
});
