import type { LineInput, PhoneConfig } from '@offhook/core';
import fc from 'fast-check';
import { type Side, singleLine, worldAddresses, worldDomain } from '../../src/index.ts';

/* What a run of the model is: the shape of a line, and a script of faults and of what its user does. Simple values come first: shrinking ends there. */

/** How a line is configured. */
export interface Shape {
  readonly kind: 'single' | 'dual' | 'dual over a list' | 'list' | 'list with a gateway';
  /** Normal servers of a list. */
  readonly listed: 2 | 3 | 4;
  readonly transport: 'UDP' | 'TCP';
  readonly register: boolean;
  readonly autoRegister: boolean;
  /** Proxy Fallback Intvl, s. */
  readonly fallbackS: 0 | 60 | 600;
  readonly preset: 'seed' | 'mpp-11.3';
  readonly registerExpiresS: 120 | 60 | 600;
  readonly tryBackupRsc: '' | '503' | '5??' | '*';
  readonly retryRegRsc: '' | '5??' | '*';
  readonly retryS: 30 | 5;
  readonly retryCapS: 0 | 60;
  readonly retryRandomS: 0 | 5;
  readonly longRetryS: 300 | 60 | 1200 | 0;
  readonly removeLastReg: boolean;
  readonly callWithoutReg: boolean;
  readonly graceS: 0 | 5;
  readonly spreadS: 0 | 10;
}

/** What happens at one moment. `server` is an index; one that the line does not have means another one. */
export type Act =
  | { readonly act: 'silence'; readonly server: number; readonly direction: 'both' | 'to' | 'from' }
  | { readonly act: 'refuse'; readonly server: number; readonly reason: 'refused' | 'unreachable' }
  | { readonly act: 'heal'; readonly server: number }
  | { readonly act: 'hang up'; readonly server: number; readonly how: 'closed' | 'reset' }
  | { readonly act: 'lose'; readonly server: number; readonly lossRate: number; readonly delayMs: number }
  | {
      readonly act: 'answer';
      readonly server: number;
      readonly method: 'REGISTER' | 'INVITE' | 'MESSAGE';
      readonly status: number;
      readonly times: number;
      readonly retryAfterS?: number;
    }
  | {
      readonly act: 'ignore';
      readonly server: number;
      readonly method: 'REGISTER' | 'INVITE' | 'MESSAGE';
      readonly times: number;
    }
  | { readonly act: 'ring on'; readonly server: number; readonly status: 100 | 183 }
  | { readonly act: 'forget'; readonly server: number }
  | { readonly act: 'stale nonces'; readonly server: number }
  | { readonly act: 'grant'; readonly server: number; readonly grantS: number }
  | { readonly act: 'challenge calls'; readonly server: number }
  | { readonly act: 'call' }
  | { readonly act: 'message' }
  | { readonly act: 'end calls' }
  | { readonly act: 'is called'; readonly server: number; readonly answers: boolean }
  | { readonly act: 'caller hangs up' }
  | { readonly act: 'restart' }
  | { readonly act: 'power cut'; readonly offS: number; readonly change: Partial<Shape> };

/** An act, and how long nothing else happens. */
export interface Step {
  readonly act: Act;
  readonly thenS: number;
}

export interface Plot {
  readonly seed: number;
  /** Edge and line as two runtimes on a bus that copies. */
  readonly split: boolean;
  readonly shape: Shape;
  readonly steps: readonly Step[];
}

/** The best servers are where things happen. */
const server = fc.oneof(
  { weight: 4, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.constant(1) },
  { weight: 3, arbitrary: fc.nat(4) },
);
const method = fc.constantFrom('REGISTER' as const, 'REGISTER' as const, 'INVITE' as const, 'MESSAGE' as const);
const times = fc.constantFrom(1, 2, 5, 100);
/** Instants that rules are made of: timeouts, retries, intervals, refreshes, and some that are none of those. */
const seconds = fc.constantFrom(1, 0, 0.05, 5, 16, 17, 31, 46, 60, 81, 130, 300, 601);

const shape: fc.Arbitrary<Shape> = fc.record({
  kind: fc.oneof(
    { weight: 6, arbitrary: fc.constant('list' as const) },
    { weight: 2, arbitrary: fc.constant('list with a gateway' as const) },
    { weight: 2, arbitrary: fc.constant('dual' as const) },
    { weight: 1, arbitrary: fc.constantFrom('single' as const, 'dual over a list' as const) },
  ),
  listed: fc.constantFrom(2, 3, 4),
  transport: fc.constantFrom('UDP', 'TCP'),
  register: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  autoRegister: fc.boolean(),
  fallbackS: fc.constantFrom(60, 600, 0),
  preset: fc.constantFrom('seed', 'mpp-11.3'),
  registerExpiresS: fc.constantFrom(120, 60, 600),
  tryBackupRsc: fc.constantFrom('', '503', '5??', '*'),
  retryRegRsc: fc.constantFrom('', '5??', '*'),
  retryS: fc.constantFrom(30, 5),
  retryCapS: fc.constantFrom(0, 60),
  retryRandomS: fc.constantFrom(0, 5),
  longRetryS: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(300 as const, 60 as const, 1200 as const) },
    { weight: 1, arbitrary: fc.constant(0 as const) },
  ),
  removeLastReg: fc.boolean(),
  callWithoutReg: fc.boolean(),
  graceS: fc.constantFrom(0, 5),
  spreadS: fc.constantFrom(0, 10),
});

/** What may be staged while the power is off. */
const change: fc.Arbitrary<Partial<Shape>> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  {
    weight: 2,
    arbitrary: fc.record(
      {
        listed: fc.constantFrom(2 as const, 3 as const, 4 as const),
        transport: fc.constantFrom('UDP' as const, 'TCP' as const),
        autoRegister: fc.boolean(),
        fallbackS: fc.constantFrom(60 as const, 600 as const, 0 as const),
        register: fc.boolean(),
      },
      { requiredKeys: [] },
    ),
  },
);

const answer: fc.Arbitrary<Act> = fc.record(
  {
    act: fc.constant('answer' as const),
    server,
    method,
    status: fc.constantFrom(503, 500, 403, 486, 408, 603),
    times,
    retryAfterS: fc.constantFrom(20, 5, 90, 400),
  },
  { requiredKeys: ['act', 'server', 'method', 'status', 'times'] },
);

const fault: fc.Arbitrary<Act> = fc.oneof(
  fc.record({
    act: fc.constant('silence' as const),
    server,
    direction: fc.constantFrom('both' as const, 'to' as const, 'from' as const),
  }),
  fc.record({ act: fc.constant('refuse' as const), server, reason: fc.constantFrom('refused' as const, 'unreachable' as const) }),
  fc.record({ act: fc.constant('heal' as const), server }),
  fc.record({ act: fc.constant('hang up' as const), server, how: fc.constantFrom('closed' as const, 'reset' as const) }),
  fc.record({
    act: fc.constant('lose' as const),
    server,
    lossRate: fc.constantFrom(0.3, 0.1, 0),
    delayMs: fc.constantFrom(30, 400, 2_000),
  }),
  answer,
  answer,
  fc.record({ act: fc.constant('ignore' as const), server, method, times }),
  fc.record({ act: fc.constant('ring on' as const), server, status: fc.constantFrom(100 as const, 183 as const) }),
  fc.record({ act: fc.constant('forget' as const), server }),
  fc.record({ act: fc.constant('stale nonces' as const), server }),
  fc.record({ act: fc.constant('grant' as const), server, grantS: fc.constantFrom(60, 20, 300, 600) }),
  fc.record({ act: fc.constant('challenge calls' as const), server }),
);

const use: fc.Arbitrary<Act> = fc.oneof(
  fc.constant({ act: 'call' as const }),
  fc.constant({ act: 'call' as const }),
  fc.constant({ act: 'message' as const }),
  fc.constant({ act: 'end calls' as const }),
  fc.record({ act: fc.constant('is called' as const), server, answers: fc.boolean() }),
  fc.constant({ act: 'caller hangs up' as const }),
);

const life: fc.Arbitrary<Act> = fc.oneof(
  fc.constant({ act: 'restart' as const }),
  fc.record({ act: fc.constant('power cut' as const), offS: fc.constantFrom(1, 10, 130), change }),
);

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 5, arbitrary: fault },
  { weight: 5, arbitrary: use },
  { weight: 1, arbitrary: life },
);

export const plots: fc.Arbitrary<Plot> = fc.record({
  seed: fc.nat(0xffff),
  split: fc.oneof({ weight: 7, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  shape,
  // Without fast-check's bias towards short scripts.
  steps: fc.noBias(fc.array(fc.record({ act, thenS: seconds }), { maxLength: 30, size: 'max' })),
});

const sides: readonly Side[] = ['p', 'a', 's3', 's4', 's5', 's6'];

export const isList = ({ kind }: Shape): boolean => kind === 'list' || kind === 'list with a gateway';

/** The registrars a line knows, best first. */
export function serversOf({ kind, listed }: Shape): readonly Side[] {
  if (kind === 'single') return ['p'];
  if (kind === 'dual' || kind === 'dual over a list') return ['p', 'a'];
  return kind === 'list' ? sides.slice(0, listed) : [...sides.slice(0, listed), 's5'];
}

/** The registrar that an index means. */
export function serverAt(of: Shape, index: number): Side {
  const servers = serversOf(of);
  return servers[index % servers.length] ?? 'p';
}

const listOf = (names: readonly Side[]): string =>
  `${worldDomain}:SRV=${names.map((side, rank) => `${side}.example:p=${rank}:A=${worldAddresses[side].host}`).join('|')}`;

function proxyOf(of: Shape): LineInput {
  const normal = sides.slice(0, of.listed);
  switch (of.kind) {
    case 'single':
      return {};
    case 'dual':
      return { dualRegistration: true, alternateProxy: worldAddresses.a.host };
    // The return of a list is refused on a dual line: the list says only where the primary is (D-11).
    case 'dual over a list':
      return { dualRegistration: true, alternateProxy: worldAddresses.a.host, proxy: listOf(['p', 's3']) };
    case 'list':
      return { proxy: listOf(normal) };
    case 'list with a gateway':
      return { proxy: listOf(normal), survivabilityProxy: worldAddresses.s5.host };
  }
}

export const lineOf = (of: Shape): LineInput =>
  singleLine({
    ...proxyOf(of),
    sipTransport: of.transport,
    register: of.register,
    registerExpires: of.registerExpiresS,
    autoRegisterWhenFailover: of.autoRegister,
    proxyFallbackIntvl: of.fallbackS,
    makeCallWithoutReg: of.callWithoutReg,
    xTcpReconnectGrace: of.graceS,
    xFallbackSpread: of.spreadS,
  });

export const phoneOf = (of: Shape): Partial<PhoneConfig> => ({
  xDefaultsPreset: of.preset,
  tryBackupRsc: of.tryBackupRsc,
  retryRegRsc: of.retryRegRsc,
  regRetryIntvl: of.retryS,
  regRetryIntvlCap: of.retryCapS,
  regRetryRandomDelay: of.retryRandomS,
  regRetryLongIntvl: of.longRetryS,
  removeLastReg: of.removeLastReg,
});
