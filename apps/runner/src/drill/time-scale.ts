/** Places instants on a line; long times in which nothing happens are cut short. */
export interface TimeScale {
  /** Where an instant stands. */
  x(atS: number): number;
  /** What was cut short. */
  readonly cuts: readonly { readonly fromS: number; readonly toS: number; readonly x: number; readonly width: number }[];
  /** Instants to be named, far enough from each other. */
  readonly ticks: readonly number[];
}

const cutWidth = 34;
const tickSteps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400];
/** Ticks are no closer, px. */
const tickApart = 74;

/** Times around what happens; between them nothing does. */
function busyTimes(eventsS: readonly number[], untilS: number): readonly (readonly [number, number])[] {
  const margin = Math.max(4, untilS / 400);
  const times: [number, number][] = [];
  for (const atS of [0, ...eventsS].sort((a, b) => a - b)) {
    const [fromS, toS] = [Math.max(0, atS - margin), Math.min(untilS, atS + margin)];
    const last = times.at(-1);
    if (last !== undefined && fromS <= last[1] + 3 * margin) last[1] = Math.max(last[1], toS);
    else times.push([fromS, toS]);
  }
  const last = times.at(-1);
  // The end is drawn, however little happens there.
  if (last !== undefined && untilS - last[1] <= 3 * margin) last[1] = untilS;
  return times;
}

/**
 * Time from 0 to `untilS` between two places. It runs evenly where things happen; where more than half of it is empty, the empty
 * times become cuts. Without events it runs evenly.
 */
export function timeScale(eventsS: readonly number[] | undefined, untilS: number, left: number, right: number): TimeScale {
  const busy = eventsS === undefined ? [[0, untilS] as const] : busyTimes(eventsS, untilS);
  const busyS = busy.reduce((sum, [fromS, toS]) => sum + toS - fromS, 0);
  const isCut = busyS < untilS / 2 && busy.length * cutWidth < (right - left) / 2;
  const drawn: readonly (readonly [number, number])[] = isCut ? busy : [[0, untilS]];
  const gaps = drawn.flatMap(([, toS], i) => {
    const nextS = drawn[i + 1]?.[0] ?? untilS;
    return nextS > toS ? [{ fromS: toS, toS: nextS }] : [];
  });
  const shownS = drawn.reduce((sum, [fromS, toS]) => sum + toS - fromS, 0);
  const perSecond = (right - left - gaps.length * cutWidth) / Math.max(shownS, 1e-9);
  const pieces: { fromS: number; toS: number; x: number; width: number; cut: boolean }[] = [];
  let x = left;
  for (const [fromS, toS] of drawn) {
    const width = (toS - fromS) * perSecond;
    pieces.push({ fromS, toS, x, width, cut: false });
    x += width;
    const gap = gaps.find((each) => each.fromS === toS);
    if (gap !== undefined) {
      pieces.push({ ...gap, x, width: cutWidth, cut: true });
      x += cutWidth;
    }
  }
  const place = (atS: number): number => {
    const piece = pieces.find((each) => atS <= each.toS) ?? pieces.at(-1);
    if (piece === undefined) return left;
    const share = Math.min(1, Math.max(0, (atS - piece.fromS) / Math.max(piece.toS - piece.fromS, 1e-9)));
    return piece.x + share * piece.width;
  };
  const step = tickSteps.find((each) => each * perSecond >= tickApart) ?? 86_400;
  const ticks: number[] = [];
  for (const { fromS, toS, cut } of pieces) {
    if (cut) continue;
    for (let atS = Math.ceil(fromS / step) * step; atS <= toS; atS += step) {
      const last = ticks.at(-1);
      if (last === undefined || place(atS) - place(last) >= tickApart) ticks.push(atS);
    }
  }
  return { x: place, cuts: pieces.filter(({ cut }) => cut), ticks };
}
