import type { ExtConfig, LineConfig } from '../config/line.ts';
import { lineConfig } from '../config/line.ts';
import { legsOf } from '../config/mode.ts';
import type { CandidateMark, Leg } from '../contracts/decision.ts';
import type { Claim, LineFacts, Mechanism, OutcomeClass, RouteEvent } from '../contracts/mechanism.ts';
import type { Closable } from './kit.ts';

/** A mechanism under test. */
export interface PolicySubject extends Closable {
  readonly mechanism: Mechanism;
  /** Lines that turn it on, where none of the kit's own does. */
  readonly lines: readonly LineConfig[];
}

/** What most tests need: `runKit(policyKit, test, async () => policySubject(create()), ['yields'])`. */
export const policySubject = (mechanism: Mechanism, lines: readonly LineConfig[] = []): PolicySubject => ({
  mechanism,
  lines,
  close: async () => {},
});

/** A question to `decide`. */
export interface Situation {
  readonly facts: LineFacts;
  readonly event: RouteEvent;
}

const servers: readonly Partial<ExtConfig>[] = [
  { proxy: 'a.example' },
  { proxy: 'a.example', useDnsSrv: true },
  { proxy: 'a.example', survivabilityProxy: 'gateway.example' },
  { proxy: 'v:SRV=a.example|b.example:p=1' },
  { proxy: 'a.example', alternateProxy: 'b.example', dualRegistration: true },
];

/** Lines of every mode, with and without a return to the better server, that ask for the mechanism by name or do not. */
function sampleLines(name: string): readonly LineConfig[] {
  const asked = [name, 'auto'].flatMap((xMechanism) =>
    [0, 3_600].map((proxyFallbackIntvl) => ({ xMechanism, proxyFallbackIntvl })),
  );
  return servers.flatMap((server) =>
    asked.map((values) => lineConfig({ id: '1000', ext: { userId: '1000', ...server, ...values } })),
  );
}

/** Every line a case looks at. */
export const linesOf = ({ mechanism, lines }: PolicySubject): readonly LineConfig[] => [
  ...lines,
  ...sampleLines(mechanism.manifest.name),
];

/** What it claims there; nothing when it fails, which is the business of one case alone. */
export function claimsOn({ mechanism }: PolicySubject, line: LineConfig): readonly Claim[] {
  try {
    return mechanism.manifest.claims(line);
  } catch {
    return [];
  }
}

/** The registrations that lines under this mechanism have: one, or two. */
function shapesOf(subject: PolicySubject): readonly (readonly Leg[])[] {
  const shapes = linesOf(subject)
    .filter((line) => claimsOn(subject, line).length > 0)
    .map(legsOf);
  return [1, 2].flatMap((count) => shapes.filter(({ length }) => length === count).slice(0, 1));
}

const nowMs = 1_800_000_000_000;
/** Further off than any case moves the clock. */
const blockedUntilMs = nowMs + 60_000;

const registrations = [
  { bound: false, usable: false },
  { bound: true, usable: false },
  { bound: true, usable: true },
] as const;

const serverOf = (leg: Leg): string => `${leg}.example:5060;udp`;

const marksOf = (leg: Leg): readonly CandidateMark[] =>
  registrations.flatMap((registration) =>
    [{}, { blockedUntilMs }].map((block) => ({
      leg,
      server: serverOf(leg),
      state: registration.usable ? ('up' as const) : ('down' as const),
      ...(registration.usable ? {} : { downSinceMs: nowMs - 20_000 }),
      ...block,
      ...registration,
    })),
  );

const booleans = [false, true] as const;

/** Every combination of bound, usable and blocked marks and of the line's two permissions. */
function everyFacts([first = 'primary', second]: readonly Leg[]): readonly LineFacts[] {
  const marks = marksOf(first).flatMap((one) => (second === undefined ? [[one]] : marksOf(second).map((other) => [one, other])));
  return marks.flatMap((candidates) =>
    booleans.flatMap((makeCallWithoutReg) => booleans.map((registers) => ({ nowMs, candidates, makeCallWithoutReg, registers }))),
  );
}

const methods = ['INVITE', 'MESSAGE'] as const;
const silences: readonly OutcomeClass[] = ['no-response', 'transport', 'disconnect'];
const answers: readonly OutcomeClass[] = ['rsc', 'reject'];
const usualStatuses: ReadonlySet<number> = new Set([404, 408, 480, 486, 503, 603]);

/** The usual statuses, and one share of all others from 100 to 699. */
const statusesOf = (share: number, shares: number): readonly number[] =>
  Array.from({ length: 600 }, (_, i) => 100 + i).filter((status) => status % shares === share || usualStatuses.has(status));

const ordersOf = (legs: readonly Leg[]): readonly (readonly Leg[])[] =>
  legs.length < 2 ? [legs] : [...legs.map((leg) => [leg]), legs, [...legs].reverse()];

function eventsWith(legs: readonly Leg[], statuses: readonly number[]): readonly RouteEvent[] {
  const events: RouteEvent[] = [];
  const type = 'request.failed';
  for (const method of methods) {
    events.push({ type: 'request.new', method });
    for (const tried of ordersOf(legs)) {
      const servers = tried.map(serverOf);
      for (const outcome of silences) events.push({ type, method, tried, servers, outcome });
      for (const outcome of answers)
        for (const status of statuses) events.push({ type, method, tried, servers, outcome, status });
    }
  }
  return events;
}

/**
 * What a mechanism can be asked on the lines it rules: every combination of marks with every way a request can begin or fail. All together
 * meet every status, each of them the usual ones.
 */
export function* situations(subject: PolicySubject): Generator<Situation> {
  for (const legs of shapesOf(subject)) {
    const every = everyFacts(legs);
    for (const [n, facts] of every.entries()) {
      for (const event of eventsWith(legs, statusesOf(n, every.length))) yield { facts, event };
    }
  }
}
