import type { Writable } from 'node:stream';
import colors from 'picocolors';

/** Colours of one stream; they change nothing where it is not a terminal, or where NO_COLOR is set. */
export type Paint = ReturnType<typeof colors.createColors>;

export const noPaint: Paint = colors.createColors(false);

/** A terminal gets colours; FORCE_COLOR and NO_COLOR are picocolors' own. */
export function paintFor(stream: Writable): Paint {
  const terminal = (stream as { readonly isTTY?: boolean }).isTTY === true;
  const forced = process.env.FORCE_COLOR !== undefined && process.env.FORCE_COLOR !== '0';
  return colors.createColors(colors.isColorSupported && (terminal || forced));
}
