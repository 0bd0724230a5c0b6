import type { Log, LogFields } from '@offhook/core';

/** Fields that must not be shown, wherever they stand. */
const secret = /^(password|authorization|proxy-authorization|key)$/i;
const seconds = 1_000;

/** Errors lose their fields in JSON. */
function plain(name: string, value: unknown): unknown {
  if (secret.test(name)) return '[hidden]';
  if (!(value instanceof Error)) return value;
  const { message, code, stack } = value as NodeJS.ErrnoException;
  return { message, ...(code === undefined ? {} : { code }), stack };
}

/** A log in JSON lines without a library: a warning or an error may be said once a second for each message, the rest is counted. */
export function createPlainLog(write: (text: string) => void, now: () => number): Log {
  const last = new Map<string, { atMs: number; left: number }>();
  const at =
    (level: string) =>
    (message: string, fields: LogFields = {}): void => {
      const before = last.get(message);
      if (before !== undefined && now() - before.atMs < seconds) {
        before.left += 1;
        return;
      }
      last.set(message, { atMs: now(), left: 0 });
      const more = before === undefined || before.left === 0 ? {} : { notShown: before.left };
      write(JSON.stringify({ time: Math.round(now()), level, msg: message, ...fields, ...more }, plain));
    };
  const nothing = (): void => {};
  return { debug: nothing, info: nothing, warn: at('warn'), error: at('error') };
}
