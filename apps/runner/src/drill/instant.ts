/* Instants and spans of a drill as people read them. */

const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
const trimmed = (seconds: number, digits: number): string => String(Number(seconds.toFixed(digits)));

/** A span in the words that fit its length: `16 s`, `13 min 20 s`, `2 h 5 min`. */
export function lasted(seconds: number): string {
  if (seconds < 120) return `${trimmed(seconds, seconds < 10 ? 2 : 1)} s`;
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3_600), Math.floor((whole % 3_600) / 60), whole % 60];
  const parts = [hours > 0 ? `${hours} h` : '', minutes > 0 ? `${minutes} min` : '', rest > 0 && hours === 0 ? `${rest} s` : ''];
  return parts.filter((part) => part !== '').join(' ');
}

/** An instant of a drill: seconds in a short one, h:mm:ss in a long one. */
export function instantIn(untilS: number): (atS: number) => string {
  if (untilS <= 7_200) return (atS) => `${trimmed(atS, 2)} s`;
  return (atS) => {
    // Rounded first, so that 59.99 s does not become 60.
    const hundredths = Math.round(atS * 100);
    const seconds = hundredths / 100;
    const fraction = hundredths % 100 === 0 ? '' : `.${String(hundredths % 100).padStart(2, '0')}`;
    return `${Math.floor(seconds / 3_600)}:${two((seconds % 3_600) / 60)}:${two(seconds % 60)}${fraction}`;
  };
}
