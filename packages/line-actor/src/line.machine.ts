import { setup } from 'xstate';
import type { LineContext, LineEvent } from './line.types.ts';

/**
 * One line: its mode, and where new requests go. The registrations are machines of their own; this one hears when
 * what they hold has changed.
 */
export const lineMachine = setup({
  types: { context: {} as LineContext, events: {} as LineEvent, input: {} as LineContext },
  guards: {
    isDisabled: ({ context }) => context.effects.mode() === 'disabled',
    isDual: ({ context }) => context.effects.mode() === 'dual',
    isList: ({ context }) => context.effects.mode() === 'list',
    listOnTop: ({ context }) => context.effects.listState() === 'onTop',
    listFailedOver: ({ context }) => context.effects.listState() === 'failedOver',
    listOut: ({ context }) => context.effects.listState() === 'outOfService',
    hasCalls: ({ context }) => context.effects.hasCalls(),
    isLatched: ({ context }) => context.effects.isLatched(),
    recoversLatched: ({ context }) => context.effects.isLatched() && context.effects.fallbackAction() === 'recover',
    recovers: ({ context }) => context.effects.fallbackAction() === 'recover',
    needsNoRegistration: ({ context }) => !context.effects.registers(),
    primaryUsable: ({ context }) => context.effects.primaryUsable(),
    alternateUsable: ({ context }) => context.effects.alternateUsable(),
    noneUsable: ({ context }) => !context.effects.primaryUsable() && !context.effects.alternateUsable(),
    legsOff: ({ context }) => context.effects.legsOff(),
  },
  actions: {
    startLegs: ({ context }) => context.effects.startLegs(),
    stopLegs: ({ context }) => context.effects.stopLegs(),
    startAgain: ({ context }) => context.effects.startAgain(),
    endCalls: ({ context }) => context.effects.endCalls(),
    releaseQueue: ({ context }) => context.effects.releaseQueue(),
    refuseQueue: ({ context }) => context.effects.refuseQueue(),
    latchFallback: ({ context }) => context.effects.latchFallback(),
    flip: ({ context }) => context.effects.flip(),
    startRecovery: ({ context }) => context.effects.startRecovery(),
    reportDisabled: ({ context }) => context.effects.decided('5.1:disabled', 'redundancy 5.1', 'disabled'),
    reportOnTop: ({ context }) => context.effects.decided('6.4:primary-usable', 'redundancy 6.4, D-38', 'route-primary'),
    reportFailedOver: ({ context }) => context.effects.decided('6.4:alternate-only', 'redundancy 6.4, D-38', 'route-alternate'),
    reportOutOfService: ({ context }) => context.effects.decided('6.4:none-usable', 'redundancy 6.4, D-38', 'out-of-service'),
    reportStopped: ({ context }) => context.effects.decided('6.1:line.stop', 'redundancy 6.1', 'stopped'),
  },
}).createMachine({
  id: 'line',
  description: 'One line: mode, route and the way out.',
  context: ({ input }) => input,
  initial: 'stopped',
  states: {
    stopped: {
      description: 'Nothing is registered, nothing is armed.',
      meta: { source: 'redundancy 5.1' },
      on: {
        'line.start': [
          { guard: 'isDisabled', target: 'disabled' },
          { guard: 'isDual', target: 'dual' },
          { guard: 'isList', target: 'list' },
          { target: 'single' },
        ],
      },
    },
    disabled: {
      description: 'User ID or every server is missing.',
      meta: { source: 'redundancy 5.1 (1)' },
      entry: 'reportDisabled',
      on: { 'line.stop': 'stopped', 'line.restart': { target: 'disabled', reenter: true } },
    },
    single: {
      description: 'One server, one registration.',
      meta: { source: 'redundancy 5.1 (4), 6.1' },
      entry: 'startLegs',
      initial: 'outOfService',
      states: {
        outOfService: {
          description: 'The server does not hold a usable registration.',
          meta: { source: 'redundancy 6.3 outOfService, 6.7' },
          always: { guard: 'needsNoRegistration', target: 'onTop' },
          on: { 'legs.changed': { guard: 'primaryUsable', target: 'onTop', actions: 'releaseQueue' } },
        },
        onTop: {
          description: 'Requests go to the server.',
          meta: { source: 'redundancy 6.3 onTop' },
          entry: 'reportOnTop',
          on: { 'legs.changed': { guard: 'noneUsable', target: 'outOfService', actions: 'reportOutOfService' } },
        },
      },
    },
    dual: {
      description: 'Two registrations at once, each on its own; requests prefer the primary.',
      meta: { source: 'redundancy 6.4; manual: Dual Registration' },
      entry: 'startLegs',
      initial: 'outOfService',
      states: {
        outOfService: {
          description: 'Neither leg is usable.',
          meta: { source: 'redundancy 6.4 rows no/no' },
          always: { guard: 'needsNoRegistration', target: 'onTop' },
          on: {
            'legs.changed': [
              { guard: 'primaryUsable', target: 'onTop', actions: 'releaseQueue' },
              { guard: 'alternateUsable', target: 'failedOver', actions: 'releaseQueue' },
            ],
          },
        },
        onTop: {
          description: 'The primary is usable and serves new requests.',
          meta: { source: 'redundancy 6.4 rows yes/yes and yes/no' },
          entry: 'reportOnTop',
          on: {
            'legs.changed': [
              { guard: 'primaryUsable' },
              { guard: 'alternateUsable', target: 'failedOver' },
              { guard: 'noneUsable', target: 'outOfService', actions: 'reportOutOfService' },
            ],
          },
        },
        failedOver: {
          description: 'Only the alternate is usable: the primary is not tried.',
          meta: { source: 'redundancy 6.4 row no/yes' },
          entry: 'reportFailedOver',
          on: {
            'legs.changed': [
              { guard: 'primaryUsable', target: 'onTop' },
              { guard: 'noneUsable', target: 'outOfService', actions: 'reportOutOfService' },
            ],
          },
        },
      },
    },
    list: {
      description: 'Ranked servers: one registration and the route move along the list, and return to a better server.',
      meta: { source: 'redundancy 5.1 (3), 6.3; manual: SIP proxy failover and recovery' },
      entry: 'startLegs',
      initial: 'outOfService',
      states: {
        outOfService: {
          description: 'No server takes the registration; rounds of REGISTERs begin at the top.',
          meta: { source: 'redundancy 6.3 outOfService, 5.4' },
          always: [
            { guard: 'listOnTop', target: 'onTop' },
            { guard: 'listFailedOver', target: 'failedOver' },
          ],
          on: {
            'list.changed': [
              { guard: 'listOnTop', target: 'onTop', actions: 'releaseQueue' },
              { guard: 'listFailedOver', target: 'failedOver', actions: 'releaseQueue' },
            ],
          },
        },
        onTop: {
          description: 'The best server serves new requests.',
          meta: { source: 'redundancy 6.3 onTop' },
          on: {
            'list.changed': [
              { guard: 'listOut', target: 'outOfService' },
              { guard: 'listFailedOver', target: 'failedOver' },
            ],
          },
        },
        failedOver: {
          description: 'A lower server serves new requests; the return is scheduled.',
          meta: { source: 'redundancy 6.3 failedOver, 5.7' },
          on: {
            'list.changed': [
              { guard: 'listOut', target: 'outOfService' },
              { guard: 'listOnTop', target: 'onTop' },
            ],
            'clock.fallback': [
              { guard: 'hasCalls', actions: 'latchFallback' },
              { guard: 'recovers', target: 'recovering', actions: 'startRecovery' },
              { actions: 'flip' },
            ],
            'call.last': [
              { guard: 'recoversLatched', target: 'recovering', actions: 'startRecovery' },
              { guard: 'isLatched', actions: 'flip' },
            ],
          },
        },
        recovering: {
          description: 'A REGISTER asks a better server; the line works where it is until that succeeds.',
          meta: { source: 'redundancy 6.3 recovering, 5.7; D-08' },
          on: {
            'recovery.ok': [
              { guard: 'listOnTop', target: 'onTop' },
              { guard: 'listOut', target: 'outOfService' },
              { target: 'failedOver' },
            ],
            'recovery.failed': [
              { guard: 'listOut', target: 'outOfService' },
              { guard: 'listOnTop', target: 'onTop' },
              { target: 'failedOver' },
            ],
          },
        },
      },
    },
    draining: {
      description: 'Calls end, bindings are withdrawn; then stopped.',
      meta: { source: 'redundancy 6.1 column line.stop' },
      entry: ['refuseQueue', 'endCalls', 'stopLegs'],
      always: { guard: 'legsOff', target: 'stopped', actions: 'reportStopped' },
      on: { 'legs.changed': { guard: 'legsOff', target: 'stopped', actions: 'reportStopped' } },
    },
    restarting: {
      description: 'Bindings are withdrawn, then the line begins anew with its staged configuration.',
      meta: { source: 'redundancy D-45' },
      entry: ['refuseQueue', 'endCalls', 'stopLegs'],
      always: { guard: 'legsOff', target: 'stopped', actions: 'startAgain' },
      on: { 'legs.changed': { guard: 'legsOff', target: 'stopped', actions: 'startAgain' } },
    },
  },
  on: { 'line.stop': '.draining', 'line.restart': '.restarting' },
});
