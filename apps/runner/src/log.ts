import type { Log } from '@offhook/core';
import { pino, stdSerializers } from 'pino';
import type { LogLevel } from './arguments.ts';

const redact = ['password', '*.password', 'lines[*].password', 'headers.authorization', 'authorization'];

/** Log of a running process: JSON lines on standard error, secrets redacted. */
export function createLog(level: LogLevel): Log {
  const serializers = { error: stdSerializers.err };
  const logger = pino({ level, redact, serializers, base: null }, pino.destination({ dest: 2, sync: true }));
  return {
    debug: (message, fields) => logger.debug(fields ?? {}, message),
    info: (message, fields) => logger.info(fields ?? {}, message),
    warn: (message, fields) => logger.warn(fields ?? {}, message),
    error: (message, fields) => logger.error(fields ?? {}, message),
  };
}
