import { describe, expect, test } from 'vitest';
import { readVectors, runVector } from '../../src/index.ts';

/* Each kind of expectation is shown to fail on what it does not find. */

const file = (expectation: string): string => `section: 9.4 Dual registration
bases:
  dual: { lines: [{ userId: "1001", password: secret, proxy: 10.0.0.1, alternateProxy: 10.0.0.2, dualRegistration: true }] }
vectors:
  - id: RED-81
    title: a call
    source: SEED
    base: dual
    script: [{ at: 10, call: 1001, for: 5 }]
    until: 30
    expect:
      - ${expectation}
`;

async function faultsOf(expectation: string): Promise<readonly string[]> {
  const { vectors, findings } = readVectors({ name: 'v', text: file(expectation) });
  expect(findings).toEqual([]);
  const [vector] = vectors;
  return vector === undefined ? ['none'] : ((await runVector(vector)).faults ?? []);
}

describe('an expectation', () => {
  test.each([
    ['{ sent: INVITE, are: [[S1, 10]] }', '{ sent: INVITE, are: [[S1, 10.01]] }'],
    ['{ sent: INVITE, are: [[S1, [9, 11]]] }', '{ sent: INVITE, are: [[S2, "*"]] }'],
    ['{ sent: any, to: S2, between: [1, 30], are: [] }', '{ sent: any, to: S1, between: [1, 30], are: [] }'],
    ['{ sent: REGISTER, count: 4, differ: [branch] }', '{ sent: REGISTER, count: 3 }'],
    ['{ sent: REGISTER, to: S1, same: [callId] }', '{ sent: REGISTER, same: [callId] }'],
    ['{ sent: REGISTER, to: S1, differ: [cseq] }', '{ sent: REGISTER, differ: [to] }'],
    ['{ sent: REGISTER, alike: [to, realm] }', '{ sent: INVITE, alike: [to, proxyRealm] }'],
    ['{ sent: any, spread: 15 }', '{ sent: any, spread: 16 }'],
    ['{ sent: REGISTER, busiest: 4 }', '{ sent: REGISTER, busiest: 3 }'],
    ['{ sent: BYE, last: [S1, 15] }', '{ sent: BYE, last: [S1, 16] }'],
    ['{ sent: BYE, show: [to, status], each: [S1, 200] }', '{ sent: PUBLISH, each: [S1, "*"] }'],
    ['{ sent: INVITE, show: [uri], are: [["sip:2000@10.0.0.1"]] }', '{ sent: INVITE, show: [colour], are: [[blue]] }'],
    [
      '{ decisions: call, include: [[10, "6.4:both-usable", send], [10, "6.5:pinned", pin]] }',
      '{ decisions: call, include: [[10, "6.5:pinned", pin], [10, "6.4:both-usable", send]] }',
    ],
    ['{ decisions: line, action: route-primary, count: 1 }', '{ decisions: line, action: route-alternate, count: 1 }'],
    ['{ calls: all, show: [state, upAt, endAt], are: [[ended, 10, 15]] }', '{ calls: all, are: [[c1, up]] }'],
    ['{ legs: 5, are: [[primary, true, true], [alternate, true, true]] }', '{ legs: 5, are: [[primary, true, true]] }'],
    ['{ candidates: ["10.0.0.1:5060;udp", "10.0.0.2:5060;udp"] }', '{ candidates: ["10.0.0.2:5060;udp", "10.0.0.1:5060;udp"] }'],
    ['{ status: { mode: dual, degraded: false } }', '{ status: { mode: single } }'],
    ['{ responses: INVITE, are: [] }', '{ responses: INVITE, are: [[S1, 10, 200]] }'],
  ])('%s holds, and %s does not', async (right, wrong) => {
    expect(await faultsOf(right)).toEqual([]);
    expect(await faultsOf(wrong)).not.toEqual([]);
  });

  test('a finding that is not there is a fault that lists what is', async () => {
    expect(await faultsOf('{ finding: dual.no-alternate }')).toEqual([
      expect.stringContaining('expected dual.no-alternate, seen '),
    ]);
  });

  test('that says nothing, or of which nobody knows, has its place', () => {
    const { findings } = readVectors({ name: 'v', text: file('{ heard: INVITE }') });
    expect(findings.map(({ path, at }) => [path, at?.line])).toEqual([['vectors[0].expect[0]', 12]]);
  });
});
