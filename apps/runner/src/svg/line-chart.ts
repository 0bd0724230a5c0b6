import type { Chart, ChartArrow, ChartFrame, ChartState } from './chart.ts';

/* How the line chart is laid out, for each mode: the states of that mode, and the way in and out. */

const width = 745;
const height = 300;

const ends: readonly ChartState[] = [
  { id: 'stopped', at: [22, 60], mood: 'still' },
  { id: 'restarting', at: [22, 140], mood: 'change' },
  { id: 'draining', at: [22, 220], mood: 'change' },
];

const closing: readonly ChartArrow[] = [
  {
    ...{ from: 'restarting', to: 'stopped', on: ['legs.changed', 'always'], label: 'withdrawn' },
    ...{
      points: [
        [87, 140],
        [87, 104],
      ],
      labelAt: [93, 126],
      anchor: 'start',
    },
  },
  {
    ...{ from: 'draining', to: 'stopped', on: ['legs.changed', 'always'], label: 'withdrawn' },
    ...{
      points: [
        [22, 242],
        [9, 242],
        [9, 82],
        [22, 82],
      ],
      labelAt: [14, 206],
      anchor: 'start',
    },
  },
];

/** Into a mode, and out of it from each of its states. */
const doors = (to: string): readonly ChartArrow[] => [
  {
    from: 'stopped',
    to,
    on: ['line.start'],
    label: 'start',
    points: [
      [152, 82],
      [216, 82],
    ],
    labelAt: [184, 77],
  },
  {
    from: to,
    to: 'restarting',
    on: ['line.restart'],
    label: 'restart',
    points: [
      [216, 162],
      [152, 162],
    ],
    labelAt: [184, 157],
  },
  {
    from: to,
    to: 'draining',
    on: ['line.stop'],
    label: 'stop',
    points: [
      [216, 242],
      [152, 242],
    ],
    labelAt: [184, 237],
  },
];

const frame = (id: string): ChartFrame => ({ id, at: [216, 24], width: 520, height: 262 });

const onTop = (mode: string): ChartState => ({ id: `${mode}.onTop`, at: [262, 60], mood: 'good' });
const failedOver = (mode: string): ChartState => ({ id: `${mode}.failedOver`, at: [586, 60], mood: 'change' });
const outOfService = (mode: string): ChartState => ({ id: `${mode}.outOfService`, at: [262, 220], mood: 'bad' });

const single: Chart = {
  ...{ width, height, frame: frame('single') },
  states: [
    ...ends,
    { id: 'single.onTop', at: [411, 60], mood: 'good' },
    { id: 'single.outOfService', at: [411, 220], mood: 'bad' },
  ],
  arrows: [
    ...doors('single'),
    ...closing,
    {
      ...{ from: 'single.onTop', to: 'single.outOfService', on: ['legs.changed'], label: 'registration failed' },
      ...{
        points: [
          [456, 104],
          [456, 220],
        ],
        labelAt: [450, 166],
        anchor: 'end',
      },
    },
    {
      ...{ from: 'single.outOfService', to: 'single.onTop', on: ['legs.changed', 'always'], label: 'registered' },
      ...{
        points: [
          [496, 220],
          [496, 104],
        ],
        labelAt: [502, 166],
        anchor: 'start',
      },
    },
  ],
};

const dual: Chart = {
  ...{ width, height, frame: frame('dual') },
  states: [...ends, onTop('dual'), failedOver('dual'), outOfService('dual')],
  arrows: [
    ...doors('dual'),
    ...closing,
    {
      ...{ from: 'dual.onTop', to: 'dual.failedOver', on: ['legs.changed'], label: 'primary failed, alternate works' },
      ...{
        points: [
          [392, 74],
          [586, 74],
        ],
        labelAt: [489, 69],
      },
    },
    {
      ...{ from: 'dual.failedOver', to: 'dual.onTop', on: ['legs.changed'], label: 'primary registered' },
      ...{
        points: [
          [586, 92],
          [392, 92],
        ],
        labelAt: [489, 105],
      },
    },
    {
      ...{ from: 'dual.onTop', to: 'dual.outOfService', on: ['legs.changed'], label: 'failed' },
      ...{
        points: [
          [292, 104],
          [292, 220],
        ],
        labelAt: [286, 166],
        anchor: 'end',
      },
    },
    {
      ...{ from: 'dual.outOfService', to: 'dual.onTop', on: ['legs.changed', 'always'], label: 'registered' },
      ...{
        points: [
          [322, 220],
          [322, 104],
        ],
        labelAt: [328, 150],
        anchor: 'start',
      },
    },
    {
      ...{ from: 'dual.failedOver', to: 'dual.outOfService', on: ['legs.changed'], label: 'failed' },
      ...{
        points: [
          [620, 104],
          [392, 238],
        ],
        labelAt: [536, 172],
        anchor: 'start',
      },
    },
    {
      ...{ from: 'dual.outOfService', to: 'dual.failedOver', on: ['legs.changed'], label: 'alternate alone' },
      ...{
        points: [
          [380, 220],
          [590, 104],
        ],
        labelAt: [450, 166],
        anchor: 'end',
      },
    },
  ],
};

const list: Chart = {
  ...{ width, height, frame: frame('list') },
  states: [
    ...[...ends, onTop('list'), failedOver('list'), outOfService('list')],
    { id: 'list.recovering', at: [586, 220], mood: 'change' },
  ],
  arrows: [
    ...doors('list'),
    ...closing,
    {
      ...{ from: 'list.onTop', to: 'list.failedOver', on: ['list.changed'], label: 'a request or REGISTER failed' },
      ...{
        points: [
          [392, 74],
          [586, 74],
        ],
        labelAt: [489, 69],
      },
    },
    {
      ...{ from: 'list.failedOver', to: 'list.onTop', on: ['list.changed'], label: 'back at the best' },
      ...{
        points: [
          [586, 92],
          [392, 92],
        ],
        labelAt: [489, 105],
      },
    },
    {
      ...{ from: 'list.onTop', to: 'list.outOfService', on: ['list.changed'], label: 'none serves' },
      ...{
        points: [
          [300, 104],
          [300, 220],
        ],
        labelAt: [294, 166],
        anchor: 'end',
      },
    },
    {
      ...{ from: 'list.outOfService', to: 'list.onTop', on: ['list.changed', 'always'], label: 'registered' },
      ...{
        points: [
          [330, 220],
          [330, 104],
        ],
        labelAt: [336, 150],
        anchor: 'start',
      },
    },
    {
      ...{ from: 'list.outOfService', to: 'list.failedOver', on: ['list.changed', 'always'], label: 'lower one' },
      ...{
        points: [
          [372, 220],
          [592, 104],
        ],
        labelAt: [402, 196],
        anchor: 'end',
      },
    },
    {
      ...{ from: 'list.failedOver', to: 'list.outOfService', on: ['list.changed'], label: 'none serves' },
      ...{
        points: [
          [614, 104],
          [392, 226],
        ],
        labelAt: [452, 206],
        anchor: 'start',
      },
    },
    {
      ...{ from: 'list.failedOver', to: 'list.recovering', on: ['clock.fallback', 'call.last'], label: 'asks' },
      ...{
        points: [
          [650, 104],
          [650, 220],
        ],
        labelAt: [644, 166],
        anchor: 'end',
      },
    },
    {
      ...{ from: 'list.recovering', to: 'list.failedOver', on: ['recovery.ok', 'recovery.failed'], label: 'stays' },
      ...{
        points: [
          [680, 220],
          [680, 104],
        ],
        labelAt: [686, 166],
        anchor: 'start',
      },
    },
    {
      ...{ from: 'list.recovering', to: 'list.onTop', on: ['recovery.ok', 'recovery.failed'], label: 'taken back' },
      ...{
        points: [
          [606, 220],
          [382, 104],
        ],
        labelAt: [428, 124],
        anchor: 'start',
      },
    },
    {
      ...{ from: 'list.recovering', to: 'list.outOfService', on: ['recovery.ok', 'recovery.failed'], label: 'none serves' },
      ...{
        points: [
          [586, 250],
          [392, 250],
        ],
        labelAt: [489, 264],
      },
    },
  ],
};

const disabled: Chart = {
  ...{ width, height },
  states: [...ends, { id: 'disabled', at: [300, 60], mood: 'bad' }],
  arrows: [
    ...closing,
    {
      ...{ from: 'stopped', to: 'disabled', on: ['line.start'], label: 'start' },
      ...{
        points: [
          [152, 74],
          [300, 74],
        ],
        labelAt: [226, 69],
      },
    },
    {
      ...{ from: 'disabled', to: 'stopped', on: ['line.stop'], label: 'stop' },
      ...{
        points: [
          [300, 92],
          [152, 92],
        ],
        labelAt: [226, 105],
      },
    },
    {
      ...{ from: 'disabled', to: 'disabled', on: ['line.restart'], label: 'restart' },
      ...{
        points: [
          [430, 74],
          [470, 74],
          [470, 92],
          [430, 92],
        ],
        labelAt: [477, 87],
        anchor: 'start',
      },
    },
  ],
};

/** By the mode of the line. */
export const lineCharts: Readonly<Record<string, Chart>> = { single, dual, list, disabled };
