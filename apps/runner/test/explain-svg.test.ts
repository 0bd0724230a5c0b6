import type { Explanation } from '@offhook/runtime';
import { describe, expect, it } from 'vitest';
import { createClockText } from '../src/clock-text.ts';
import { explanationSvg } from '../src/svg/explanation.ts';
import { lettersOf, overlaps, statesIn, xmlFaults } from './support/drawing.ts';
import { stories } from './support/explained.ts';

const utc = createClockText(() => 0);
const draw = (found: Explanation): string => explanationSvg(found, utc);

const line = ['stopped', 'restarting', 'draining'];
const legs = ['off', 'registering', 'registered', 'rejected', 'waiting', 'refreshing', 'unregistering'];
const dualStates = [...line, 'dual.onTop', 'dual.failedOver', 'dual.outOfService', ...legs, ...legs];
const listStates = [...line, 'list.onTop', 'list.failedOver', 'list.outOfService', 'list.recovering', ...legs];
const singleStates = [...line, 'single.onTop', 'single.outOfService', ...legs];

type Row = readonly [story: keyof typeof stories, all: readonly string[], lit: readonly string[], words: readonly string[]];
const rows: readonly Row[] = [
  ['single', singleStates, ['single.onTop', 'registered'], ['in use, registered here']],
  [
    'singleRefused',
    singleStates,
    ['single.outOfService', 'waiting'],
    ['blocked until 09:01:30.000', 'A new call is refused with 480'],
  ],
  ['dual', dualStates, ['dual.onTop', 'registered', 'registered'], ['1001: on top: new requests go to 10.0.0.1:5060;udp']],
  ['dualFailedOver', dualStates, ['dual.failedOver', 'waiting', 'registered'], ['next try to register at the primary']],
  [
    'listFailedOver',
    listStates,
    ['list.failedOver', 'registered'],
    ['09:11:56.000 (in 9 min 51 s) return to', 'by rule 5.7:interval (redundancy 5.7, D-02)', 'DOWN since 09:01:56.000 (9 s)'],
  ],
  ['listRecovering', listStates, ['list.recovering', 'registered'], ['recovering: a better server is being asked']],
  ['listOutOfService', listStates, ['list.outOfService', 'waiting'], ['next try to register at 10.0.0.1:5060;udp']],
  [
    'gatewayTier',
    listStates,
    ['list.failedOver', 'registered'],
    ['in use, registered here, gateway', 'by rule 5.7:survivability'],
  ],
];

describe.each(rows)('the diagram of %s', (story, all, lit, words) => {
  it('is well-formed, has every state once and lights those that are active', async () => {
    const svg = draw(await stories[story]());
    expect(xmlFaults(svg)).toEqual([]);
    expect([...statesIn(svg).all].sort()).toEqual([...all].sort());
    expect(statesIn(svg).lit).toEqual(lit);
    for (const part of words) expect(svg).toContain(part);
  });

  it('has no text over another, and none that leaves the sheet', async () => {
    const svg = draw(await stories[story]());
    const letters = lettersOf(svg);
    const [, width, height] = /<svg [^>]*width="(\d+)" height="(\d+)"/.exec(svg) ?? [];
    expect(letters.length).toBeGreaterThan(30);
    expect(overlaps(letters)).toEqual([]);
    const outside = letters.filter(
      ({ left, right, top, bottom }) => left < 0 || top < 0 || right > Number(width) || bottom > Number(height),
    );
    expect(outside.map((each) => each.words)).toEqual([]);
  });
});

describe('a diagram', () => {
  it('stays whole whatever a name holds', async () => {
    const found = await stories.listFailedOver();
    const name = `a<b>&"c"${'x'.repeat(300)}\u0007.example:5060;tls`;
    const servers = found.servers?.map((mark, i) => (i === 0 ? { ...mark, server: name } : mark));
    const svg = draw({
      ...found,
      id: '<&>',
      ...(servers && { servers }),
      next: found.next.map((move) => ({ ...move, server: name })),
    });
    expect(xmlFaults(svg)).toEqual([]);
    expect(overlaps(lettersOf(svg))).toEqual([]);
  });

  it('leaves the line chart dark for a state that it does not know, and draws a disabled line', async () => {
    const found = await stories.single();
    expect(statesIn(draw({ ...found, route: 'failed', legs: [] })).lit).toEqual([]);
    const svg = draw({ ...found, mode: 'disabled', route: 'disabled', legs: [], next: [] });
    expect(statesIn(svg)).toEqual({ all: [...line, 'disabled'], lit: ['disabled'] });
    expect(svg).toContain('No server is known.');
  });

  it('is shown in docs/explain.md as it is drawn (npx vitest run -u rewrites it)', async () => {
    await expect(draw(await stories.listFailedOver())).toMatchFileSnapshot('../../../docs/explain.svg');
  });
});
