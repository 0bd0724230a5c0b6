import type { Log } from '@offhook/core';
import { pino } from 'pino';

const redact = ['password', '*.password', 'lines[*].password', 'headers.authorization', 'authorization'];

/** Log of a running process: JSON lines on standard error, secrets redacted. */
export function createLog(level: string): Log {
  const logger = pino({ level, redact, base: null }, pino.destination({ dest: 2, sync: true }));
  return {
    debug: (message, fields) => logger.debug(fields ?? {}, message),
    info: (message, fields) => logger.info(fields ?? {}, message),
    warn: (message, fields) => logger.warn(fields ?? {}, message),
    error: (message, fields) => logger.error(fields ?? {}, message),
  };
}
