import { describe, expect, it } from 'vitest';
import { createActor } from 'xstate';
import { alone, blankRecord, unlisted } from '../test/blank-record.ts';
import { registrationMachine } from './registration.machine.ts';
import type {
  RegistrationClock,
  RegistrationEffects,
  RegistrationEvent,
  RegistrationRecord,
  RegistrationRule,
  RegistrationSettings,
} from './registration.types.ts';

const settings: RegistrationSettings = {
  registers: true,
  isStream: false,
  registerExpiresS: 3600,
  minExpiresS: 1,
  maxExpiresS: 7200,
  timerFMs: 16_000,
  initialSpreadMs: 0,
  graceMs: 0,
  retry: { intervalMs: 30_000, capMs: 0, randomMs: 0, longMs: 1_200_000, longRandomMs: 0, retryRegRsc: '5??' },
};

/** A registration whose world only writes down what it is asked. */
function registration(
  given: Partial<RegistrationSettings> = {},
  known: Partial<RegistrationRecord> = {},
  cluster: Partial<RegistrationEffects> = {},
) {
  const done: string[] = [];
  const rules: RegistrationRule[] = [];
  const world = { nowMs: 0 };
  const record: RegistrationRecord = {
    ...blankRecord(),
    ...known,
  };
  const effects = {
    now: () => world.nowMs,
    random: () => 0,
    register: () => void done.push('register'),
    answerChallenge: () => void done.push('answer'),
    unregister: () => void done.push('unregister'),
    abandon: () => void done.push('abandon'),
    isConnecting: () => false,
    arm: (clock: RegistrationClock, atMs: number) => void done.push(`arm ${clock} ${atMs / 1000}`),
    disarm: (clock: RegistrationClock) => void done.push(`disarm ${clock}`),
    renew: () => void done.push('renew'),
    persist: (bound: boolean) => void done.push(`persist ${bound}`),
    decided: (rule: RegistrationRule) => void rules.push(rule),
    ...unlisted,
    ...alone,
    askFlow: () => void done.push('ask'),
    ...cluster,
  };
  const actor = createActor(registrationMachine, { input: { record, settings: { ...settings, ...given }, effects } }).start();
  return {
    record,
    world,
    rules,
    state: () => actor.getSnapshot().value,
    /** Sends the event; returns what was asked of the world. */
    on(event: RegistrationEvent): readonly string[] {
      done.length = 0;
      actor.send(event);
      return [...done];
    },
    lastRule: () => rules.at(-1)?.rule,
  };
}

const registered = (given: Partial<RegistrationSettings> = {}) => {
  const leg = registration(given);
  leg.on({ type: 'line.start' });
  leg.on({ type: 'reg.ok', grantedS: 3600 });
  return leg;
};

describe('registration chart (redundancy 6.1)', () => {
  describe('off', () => {
    it('begins with a fresh identity and one REGISTER', () => {
      const leg = registration();
      expect(leg.on({ type: 'line.start' })).toEqual(['renew', 'disarm retry', 'register']);
      expect(leg.state()).toBe('registering');
    });

    it('says why each REGISTER leaves, before it does', () => {
      const leg = registration();
      leg.on({ type: 'line.start' });
      leg.on({ type: 'reg.challenge', code: 401 });
      leg.on({ type: 'reg.none', cause: 'no-response' });
      leg.on({ type: 'clock.retry' });
      expect(leg.rules.map(({ rule, action }) => [rule, action])).toEqual([
        ['6.1:line.start', 'register'],
        ['6.1:reg.challenge', 'answer'],
        ['5.4:short', 'wait'],
        ['6.1:waiting/clock.retry', 'register'],
      ]);
    });

    it('does not forget over a restart that its server asked for a pause (5.1, D-22)', () => {
      const leg = registration();
      leg.on({ type: 'line.start' });
      leg.on({ type: 'reg.reject', code: 503, retryAfterS: 45 });
      leg.on({ type: 'line.stop' });
      leg.world.nowMs = 10_000;
      expect(leg.on({ type: 'line.start' })).toEqual(['renew', 'arm retry 45']);
      expect([leg.state(), leg.lastRule()]).toEqual(['waiting', '5.1:not-before']);
    });

    it('stays off when Register is No', () => {
      const leg = registration({ registers: false });
      expect(leg.on({ type: 'line.start' })).toEqual([]);
      expect(leg.state()).toBe('off');
    });

    it('goes on with a stored binding without a REGISTER (D-46)', () => {
      const leg = registration({}, { expiresAtMs: 100_000, refreshAtMs: 40_000, cseq: 107 });
      expect(leg.on({ type: 'line.resume' })).toEqual(['persist true', 'arm expiry 100', 'arm refresh 40']);
      expect(leg.state()).toBe('registered');
      expect(leg.lastRule()).toBe('D-46:resume');
    });

    it('registers at once when the stored binding is over or its stream is gone (D-46, D-48)', () => {
      const over = registration({}, { expiresAtMs: 0 });
      expect(over.on({ type: 'line.resume' })).toEqual(['persist true', 'disarm retry', 'register']);
      const stream = registration({ isStream: true }, { expiresAtMs: 100_000 });
      expect(stream.on({ type: 'line.resume' })).toEqual(['persist true', 'arm expiry 100', 'disarm retry', 'register']);
    });
  });

  describe('in a cluster', () => {
    const isTakenOver = (): boolean => true;
    const stored = { expiresAtMs: 100_000, refreshAtMs: 40_000, cseq: 107 };
    const resumed = (values: Partial<RegistrationSettings> = {}) => {
      const leg = registration({ isStream: true, ...values }, stored, { isTakenOver, mayHaveFlow: () => true });
      expect(leg.on({ type: 'line.resume' })).toEqual(['persist true', 'arm expiry 100', 'ask']);
      expect([leg.state(), leg.rules]).toEqual(['registering', []]);
      return leg;
    };

    it('asks the edge before a stream goes on, and says nothing to the server when the flow is the same (D-46)', () => {
      const leg = resumed();
      expect(leg.on({ type: 'flow.same' })).toEqual(['persist true', 'arm expiry 100', 'arm refresh 40']);
      expect([leg.state(), leg.lastRule(), leg.record.lastOk]).toEqual(['registered', 'D-46:resume', true]);
    });

    it('registers when the edge has another flow or none, later where starts are spread (D-48)', () => {
      const leg = resumed();
      expect(leg.on({ type: 'flow.gone' })).toEqual(['disarm retry', 'register']);
      expect([leg.state(), leg.lastRule()]).toEqual(['registering', 'D-46:no-binding']);
      const spread = resumed({ initialSpreadMs: 10_000 });
      expect(spread.on({ type: 'flow.gone' })).toEqual(['arm retry 0']);
      expect([spread.state(), spread.lastRule()]).toEqual(['waiting', '3.10:initial-spread']);
    });

    it('asks nobody when there is no flow to ask for', () => {
      const leg = registration({ isStream: true }, stored, { isTakenOver });
      expect(leg.on({ type: 'line.resume' })).toContain('register');
    });

    const overdue = (known: Partial<RegistrationRecord>, taken = true) => {
      const leg = registration({}, known, { isTakenOver: () => taken, random: () => 0.5 });
      leg.world.nowMs = 40_000;
      const asked = leg.on({ type: 'line.resume' });
      return [asked.at(-1), leg.lastRule()];
    };

    it.each([
      ['half the time left', { expiresAtMs: 60_000, refreshAtMs: 39_000 }, 'arm refresh 45', 'D-46:resume/spread'],
      ['at most 30 s', { expiresAtMs: 900_000, refreshAtMs: 39_000 }, 'arm refresh 55', 'D-46:resume/spread'],
      ['not when it is still to come', { expiresAtMs: 900_000, refreshAtMs: 41_000 }, 'arm refresh 41', 'D-46:resume'],
      ['not when the last REGISTER had failed', { expiresAtMs: 900_000, refreshAtMs: 0 }, 'arm refresh 0', 'D-46:resume'],
    ])('spreads a refresh that is overdue: %s (scale D.3)', (_name, known, armed, rule) => {
      expect(overdue(known)).toEqual([armed, rule]);
    });

    it('spreads nothing for a line that nobody took over', () => {
      expect(overdue({ expiresAtMs: 900_000, refreshAtMs: 39_000 }, false)).toEqual(['arm refresh 39', 'D-46:resume']);
    });

    const moved = { type: 'edge.moved', was: 'e1', is: 'e2' } as const;

    it('registers once more at another edge, in whatever state it is', () => {
      const leg = registered();
      expect(leg.on(moved)).toEqual(['disarm retry', 'register']);
      expect([leg.state(), leg.lastRule(), leg.record.lastOk]).toEqual(['refreshing', 'D-46:edge', true]);
      expect(leg.rules.at(-1)?.inputs).toEqual({ was: 'e1', is: 'e2' });
      expect(leg.on(moved)).toEqual(['disarm retry', 'register']);
      expect(leg.state()).toBe('refreshing');
      leg.on({ type: 'reg.none', cause: 'transport' });
      expect(leg.state()).toBe('waiting');
      expect(leg.on(moved)).toEqual(['disarm retry', 'register']);
      expect(leg.state()).toBe('registering');
      expect(leg.on(moved)).toEqual(['disarm retry', 'register']);
      leg.on({ type: 'reg.ok', grantedS: 600 });
      leg.on({ type: 'line.stop' });
      expect(leg.on(moved)).toContain('unregister');
      leg.on({ type: 'reg.none', cause: 'transport' });
      expect([leg.on(moved), leg.state()]).toEqual([[], 'off']);
    });

    it('treats a flow that the new life of an edge does not have as a lost connection (D-48)', () => {
      const leg = registered({ isStream: true });
      expect(leg.on({ type: 'flow.gone' })).toEqual(['disarm refresh', 'register']);
      expect([leg.state(), leg.lastRule(), leg.record.lastOk]).toEqual(['refreshing', 'D-48:disconnect', false]);
      expect(registered().on({ type: 'flow.same' })).toEqual([]);
    });
  });

  describe('registering', () => {
    it('arms expiry and refresh on a 2xx and forgets failures (5.5)', () => {
      const leg = registration();
      leg.on({ type: 'line.start' });
      expect(leg.on({ type: 'reg.ok', grantedS: 600 })).toEqual(['arm expiry 600', 'arm refresh 455.52', 'persist true']);
      expect([leg.state(), leg.record.failures, leg.record.lastOk]).toEqual(['registered', 0, true]);
    });

    it('answers a challenge and stays', () => {
      const leg = registration();
      leg.on({ type: 'line.start' });
      expect(leg.on({ type: 'reg.challenge', code: 401 })).toEqual(['answer']);
      expect([leg.state(), leg.record.failures]).toEqual(['registering', 0]);
    });

    it('honours the first 423 at once and counts the second as a failure', () => {
      const leg = registration();
      leg.on({ type: 'line.start' });
      expect(leg.on({ type: 'reg.tooBrief', minS: 10_000 })).toEqual(['disarm retry', 'register']);
      expect(leg.record.requestedS).toBe(7200);
      expect(leg.on({ type: 'reg.tooBrief', minS: 10_000 })).toContain('arm retry 1200');
      expect(leg.state()).toBe('waiting');
    });

    it('gives up when the code asks for a long interval of 0', () => {
      const leg = registration({ retry: { ...settings.retry, longMs: 0 } });
      leg.on({ type: 'line.start' });
      leg.on({ type: 'reg.reject', code: 403 });
      expect([leg.state(), leg.lastRule()]).toEqual(['rejected', '5.4:long=0']);
    });

    it('waits the short interval after no answer', () => {
      const leg = registration();
      leg.on({ type: 'line.start' });
      leg.world.nowMs = 16_000;
      expect(leg.on({ type: 'reg.none', cause: 'no-response' })).toEqual(['disarm refresh', 'arm retry 46', 'persist false']);
      expect([leg.state(), leg.lastRule()]).toEqual(['waiting', '5.4:short']);
    });
  });

  describe('registered and refreshing', () => {
    it('refreshes by its clock and stays usable meanwhile', () => {
      const leg = registered();
      expect(leg.on({ type: 'clock.refresh' })).toEqual(['register']);
      expect([leg.state(), leg.record.lastOk]).toEqual(['refreshing', true]);
    });

    it('keeps the binding when the refresh fails, but is no longer usable (D-38)', () => {
      const leg = registered();
      leg.on({ type: 'clock.refresh' });
      leg.on({ type: 'reg.none', cause: 'no-response' });
      expect([leg.state(), leg.record.lastOk, leg.record.expiresAtMs]).toEqual(['waiting', false, 3_600_000]);
    });

    it('waits the short interval when a connection opened again is lost soon (D-48)', () => {
      const leg = registered({ isStream: true });
      leg.world.nowMs = 1_000;
      leg.on({ type: 'transport.down' });
      leg.on({ type: 'reg.ok', grantedS: 3600 });
      leg.world.nowMs = 20_000;
      expect(leg.on({ type: 'transport.down' })).toContain('arm retry 50');
      expect([leg.state(), leg.lastRule()]).toEqual(['waiting', '5.4:short']);
      leg.on({ type: 'clock.retry' });
      leg.on({ type: 'reg.ok', grantedS: 3600 });
      leg.world.nowMs = 60_000;
      leg.on({ type: 'transport.down' });
      expect(leg.lastRule()).toBe('D-48:disconnect');
    });

    it('reconnects at once when its connection is lost, once only (D-48)', () => {
      const leg = registered({ isStream: true });
      expect(leg.on({ type: 'transport.down' })).toEqual(['disarm refresh', 'register']);
      expect([leg.state(), leg.lastRule()]).toEqual(['refreshing', 'D-48:disconnect']);
      expect(leg.on({ type: 'transport.down' })).toEqual([]);
    });

    it('reports the loss when the binding runs out during a refresh, without a second REGISTER', () => {
      const leg = registered();
      leg.on({ type: 'clock.refresh' });
      expect(leg.on({ type: 'clock.expiry' })).toEqual(['disarm refresh', 'persist false']);
      expect([leg.state(), leg.lastRule()]).toEqual(['registering', '6.1:clock.expiry']);
    });

    it('withdraws the binding on stop', () => {
      const leg = registered();
      expect(leg.on({ type: 'line.stop' })).toEqual(['disarm refresh', 'disarm expiry', 'disarm retry', 'unregister']);
      expect(leg.on({ type: 'reg.challenge', code: 401 })).toEqual(['answer']);
      leg.on({ type: 'reg.ok', grantedS: 0 });
      expect(leg.state()).toBe('off');
    });
  });

  it('every state handles or ignores every event by name', () => {
    const silent: Record<string, string[]> = {};
    const events = [
      'reg.ok',
      'reg.challenge',
      'reg.tooBrief',
      'reg.reject',
      'reg.none',
      'transport.down',
      'clock.refresh',
      'clock.retry',
      'clock.expiry',
      'line.start',
      'line.resume',
      'line.stop',
    ];
    for (const [name, node] of Object.entries(registrationMachine.states)) {
      silent[name] = events.filter((event) => !(event in node.on));
    }
    expect(silent).toMatchInlineSnapshot(`
      {
        "off": [
          "reg.ok",
          "reg.challenge",
          "reg.tooBrief",
          "reg.reject",
          "reg.none",
          "transport.down",
          "clock.refresh",
          "clock.retry",
          "clock.expiry",
          "line.stop",
        ],
        "refreshing": [
          "clock.refresh",
          "clock.retry",
          "line.start",
          "line.resume",
        ],
        "registered": [
          "reg.challenge",
          "reg.tooBrief",
          "reg.reject",
          "reg.none",
          "clock.retry",
          "line.start",
          "line.resume",
        ],
        "registering": [
          "transport.down",
          "clock.refresh",
          "clock.retry",
          "line.start",
          "line.resume",
        ],
        "rejected": [
          "reg.ok",
          "reg.challenge",
          "reg.tooBrief",
          "reg.reject",
          "reg.none",
          "transport.down",
          "clock.refresh",
          "clock.retry",
          "line.start",
          "line.resume",
        ],
        "unregistering": [
          "transport.down",
          "clock.refresh",
          "clock.retry",
          "clock.expiry",
          "line.start",
          "line.resume",
        ],
        "waiting": [
          "reg.challenge",
          "reg.tooBrief",
          "reg.reject",
          "reg.none",
          "transport.down",
          "clock.refresh",
          "line.start",
          "line.resume",
        ],
      }
    `);
  });

  it('cites a source for every state', () => {
    for (const node of Object.values(registrationMachine.states)) {
      expect([node.description, node.meta?.source]).toEqual([expect.any(String), expect.any(String)]);
    }
  });
});
