import type { PhoneConfig } from '@offhook/core';
import { describe, expect, test } from 'vitest';
import { singleLine, type World, type WorldOptions } from '../../src/index.ts';
import { dial, play } from './story.ts';

/* Section 9.1: when a line returns to a better server. The list is S1 at 10.0.0.1, S2 at 10.0.0.2; both take registrations unless told. */

const servers = 'v.example:SRV=s1:p=0:A=10.0.0.1|s2:p=1:A=10.0.0.2';

type Line = NonNullable<WorldOptions['lines']>[number];
const listLine = (values: Line = {}): WorldOptions => ({ lines: [singleLine({ proxy: servers, ...values })] });

/** Instants at which the line went back to the top, s. */
const returns = (world: World): readonly number[] =>
  world
    .decisions()
    .filter(({ about, rule, outcome }) => about === 'line' && outcome.action === 'route-top' && rule !== '6.3:in-service')
    .map(({ atMs }) => Math.round(atMs) / 1000);

/** S1 answers nothing at all for a moment, so that a call moves the line to S2 at once. */
async function failOver(world: World): Promise<void> {
  world.wire.refuse('10.0.0.1');
  await dial(world);
  world.wire.heal();
  await world.line().command('hangup');
}

const at = (failoverS: number, phone: Partial<PhoneConfig>, line: Line, lastS: number, more: WorldOptions = {}) => {
  let seen: readonly number[] = [];
  return play({ ...listLine(line), phone, ...more }, async (world) => {
    await world.party('2000');
    await world.runTo(failoverS);
    await failOver(world);
    await world.runTo(lastS);
    seen = returns(world);
  }).then(() => seen);
};

describe('9.1 the fallback clock', () => {
  const rows: readonly [name: string, line: Line, failoverS: number, expected: readonly number[]][] = [
    ['RED-01 AR = No, PFI 600 of 3600: 600 (SEED)', { proxyFallbackIntvl: 600 }, 0, [600]],
    ['RED-02 PFI 1000 of 800: 800 (AG78 p. 55)', { registerExpires: 800, proxyFallbackIntvl: 1000 }, 0, [800]],
    ['RED-05 PFI 3600 of 3600: 3600', { proxyFallbackIntvl: 3600 }, 0, [3600]],
    ['RED-08 failover at 3300: 3600', { proxyFallbackIntvl: 600 }, 3300, [3600]],
    ['RED-09 failover at 1000: 1600', { proxyFallbackIntvl: 600 }, 1000, [1600]],
    ['RED-03 AR = Yes: 3600 and nothing at 600', { autoRegisterWhenFailover: true, proxyFallbackIntvl: 600 }, 0, [3600]],
    [
      'RED-04 AR = Yes, PFI 1000 of 600: 1200',
      { autoRegisterWhenFailover: true, registerExpires: 600, proxyFallbackIntvl: 1000 },
      0,
      [1200],
    ],
    [
      'RED-06 AR = Yes, PFI 900 of 300: 900',
      { autoRegisterWhenFailover: true, registerExpires: 300, proxyFallbackIntvl: 900 },
      0,
      [900],
    ],
    [
      'RED-07 AR = Yes, PFI 600 of 7200: 7200',
      { autoRegisterWhenFailover: true, registerExpires: 7200, proxyFallbackIntvl: 600 },
      0,
      [7200],
    ],
    ['RED-10 AR = Yes, failover at 1000: 4600', { autoRegisterWhenFailover: true, proxyFallbackIntvl: 600 }, 1000, [4600]],
  ];
  for (const [name, line, failoverS, expected] of rows)
    test(name, async () => {
      expect(await at(failoverS, {}, line, (expected[0] ?? 0) + 200)).toEqual(expected);
    });
});
