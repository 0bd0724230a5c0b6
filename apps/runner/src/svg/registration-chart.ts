import type { Chart } from './chart.ts';

/** How the registration chart is laid out. */
export const registrationChart: Chart = {
  width: 745,
  height: 410,
  states: [
    { id: 'off', at: [40, 70], mood: 'still' },
    { id: 'registering', at: [290, 70], mood: 'change' },
    { id: 'registered', at: [560, 70], mood: 'good' },
    { id: 'rejected', at: [40, 220], mood: 'bad' },
    { id: 'waiting', at: [290, 220], mood: 'change' },
    { id: 'refreshing', at: [560, 220], mood: 'change' },
    { id: 'unregistering', at: [560, 350], mood: 'still' },
  ],
  arrows: [
    {
      ...{ from: 'off', to: 'registering', on: ['line.start', 'line.resume'], label: 'start' },
      ...{
        points: [
          [170, 84],
          [290, 84],
        ],
        labelAt: [230, 79],
      },
    },
    {
      ...{ from: 'registering', to: 'off', on: ['line.stop'], label: 'stop' },
      ...{
        points: [
          [290, 100],
          [170, 100],
        ],
        labelAt: [230, 113],
      },
    },
    {
      ...{ from: 'off', to: 'waiting', on: ['line.start', 'line.resume'], label: 'start later' },
      ...{
        points: [
          [140, 114],
          [290, 236],
        ],
        labelAt: [172, 154],
        anchor: 'end',
      },
    },
    {
      ...{ from: 'waiting', to: 'off', on: ['line.stop'], label: 'stop' },
      ...{
        points: [
          [300, 220],
          [165, 114],
        ],
        labelAt: [192, 130],
        anchor: 'start',
      },
    },
    {
      ...{ from: 'off', to: 'registered', on: ['line.resume'], label: 'resume' },
      ...{
        points: [
          [105, 70],
          [105, 24],
          [600, 24],
          [600, 70],
        ],
        labelAt: [230, 19],
      },
    },
    {
      ...{ from: 'registering', to: 'registering', on: ['reg.reject', 'reg.none', 'server.moved'], label: 'next server' },
      ...{
        points: [
          [330, 70],
          [330, 48],
          [380, 48],
          [380, 70],
        ],
        labelAt: [355, 43],
      },
    },
    {
      ...{ from: 'registering', to: 'registered', on: ['reg.ok', 'flow.same'], label: 'taken (2xx)' },
      ...{
        points: [
          [420, 84],
          [560, 84],
        ],
        labelAt: [490, 79],
      },
    },
    {
      ...{ from: 'registered', to: 'registering', on: ['clock.expiry', 'server.moved', 'transport.down'] },
      ...{
        label: 'expired, moved',
        points: [
          [560, 100],
          [420, 100],
        ],
        labelAt: [490, 113],
      },
    },
    {
      ...{ from: 'registered', to: 'registered', on: ['reg.ok'], label: 'taken (2xx)' },
      ...{
        points: [
          [630, 70],
          [630, 48],
          [670, 48],
          [670, 70],
        ],
        labelAt: [650, 43],
      },
    },
    {
      ...{ from: 'registering', to: 'rejected', on: ['reg.tooBrief', 'reg.reject'], label: 'refused' },
      ...{
        points: [
          [300, 114],
          [160, 220],
        ],
        labelAt: [194, 214],
        anchor: 'start',
      },
    },
    {
      ...{ from: 'registering', to: 'waiting', on: ['reg.tooBrief', 'reg.reject', 'reg.none', 'flow.gone'], label: 'failed' },
      ...{
        points: [
          [320, 114],
          [320, 220],
        ],
        labelAt: [314, 150],
        anchor: 'end',
      },
    },
    {
      ...{ from: 'waiting', to: 'registering', on: ['server.moved', 'clock.retry', 'edge.moved'], label: 'try again' },
      ...{
        points: [
          [350, 220],
          [350, 114],
        ],
        labelAt: [356, 170],
        anchor: 'start',
      },
    },
    {
      ...{ from: 'refreshing', to: 'registering' },
      on: ['reg.reject', 'reg.none', 'server.moved', 'clock.expiry', 'transport.down'],
      ...{
        label: 'next server',
        points: [
          [575, 220],
          [412, 114],
        ],
        labelAt: [446, 131],
        anchor: 'start',
      },
    },
    {
      ...{ from: 'waiting', to: 'registered', on: ['reg.ok'], label: '2xx' },
      ...{
        points: [
          [398, 220],
          [565, 114],
        ],
        labelAt: [414, 202],
        anchor: 'end',
      },
    },
    {
      ...{ from: 'registered', to: 'waiting', on: ['list.exhausted', 'transport.down'], label: 'lost' },
      ...{
        points: [
          [582, 114],
          [415, 220],
        ],
        labelAt: [456, 209],
        anchor: 'start',
      },
    },
    {
      ...{
        from: 'registered',
        to: 'refreshing',
        on: ['clock.refresh', 'leg.suspect', 'transport.down', 'flow.gone', 'edge.moved'],
        label: 'renewal due',
      },
      ...{
        points: [
          [630, 114],
          [630, 220],
        ],
        labelAt: [624, 160],
        anchor: 'end',
      },
    },
    {
      ...{ from: 'refreshing', to: 'registered', on: ['reg.ok'], label: '2xx' },
      ...{
        points: [
          [655, 220],
          [655, 114],
        ],
        labelAt: [661, 172],
        anchor: 'start',
      },
    },
    {
      ...{ from: 'refreshing', to: 'waiting', on: ['reg.tooBrief', 'reg.reject', 'reg.none', 'list.exhausted'] },
      ...{
        label: 'failed',
        points: [
          [560, 242],
          [420, 242],
        ],
        labelAt: [490, 256],
      },
    },
    {
      ...{ from: 'refreshing', to: 'rejected', on: ['reg.tooBrief', 'reg.reject'], label: 'refused' },
      ...{
        points: [
          [595, 264],
          [595, 300],
          [105, 300],
          [105, 264],
        ],
        labelAt: [355, 295],
      },
    },
    {
      ...{ from: 'rejected', to: 'off', on: ['line.stop'], label: 'stop' },
      ...{
        points: [
          [75, 220],
          [75, 114],
        ],
        labelAt: [69, 170],
        anchor: 'end',
      },
    },
    {
      ...{ from: 'registered', to: 'unregistering', on: ['line.stop'], label: 'stop' },
      ...{
        points: [
          [690, 92],
          [722, 92],
          [722, 372],
          [690, 372],
        ],
        labelAt: [718, 190],
        anchor: 'end',
      },
    },
    {
      ...{ from: 'refreshing', to: 'unregistering', on: ['line.stop'], label: 'stop' },
      ...{
        points: [
          [655, 264],
          [655, 350],
        ],
        labelAt: [661, 318],
        anchor: 'start',
      },
    },
    {
      ...{ from: 'unregistering', to: 'off', on: ['reg.ok', 'reg.tooBrief', 'reg.reject', 'reg.none'] },
      ...{
        label: 'whatever the answer',
        points: [
          [560, 372],
          [18, 372],
          [18, 92],
          [40, 92],
        ],
        labelAt: [300, 367],
      },
    },
  ],
};
