import { describe, expect, it } from 'vitest';
import { createPlainLog } from './plain-log.ts';

function createSubject() {
  const lines: string[] = [];
  let nowMs = 5_000;
  const log = createPlainLog(
    (text) => lines.push(text),
    () => nowMs,
  );
  const wait = (ms: number): void => {
    nowMs += ms;
  };
  return { log, wait, read: () => lines.map((line) => JSON.parse(line) as unknown) };
}

describe('the log of an appliance', () => {
  it('says warnings and errors in JSON, the error with its code, and nothing below', () => {
    const { log, read } = createSubject();
    log.debug('not told');
    log.info('not told');
    log.warn('a socket error', { error: Object.assign(new Error('full'), { code: 'ENOSPC' }) });
    expect(read()).toEqual([
      {
        time: 5_000,
        level: 'warn',
        msg: 'a socket error',
        error: { message: 'full', code: 'ENOSPC', stack: expect.any(String) },
      },
    ]);
  });

  it('hides secrets at any depth', () => {
    const { log, read } = createSubject();
    log.error('x', { password: 'hush', lines: [{ ext: { password: 'hush' } }], headers: { Authorization: 'hush' } });
    expect(JSON.stringify(read())).not.toContain('hush');
  });

  it('says a message once a second and counts the rest', () => {
    const { log, read, wait } = createSubject();
    for (let n = 0; n < 5; n++) log.warn('again', { n });
    log.warn('other');
    wait(1_000);
    log.warn('again', { n: 5 });
    expect(read()).toMatchObject([{ msg: 'again', n: 0 }, { msg: 'other' }, { msg: 'again', n: 5, notShown: 4 }]);
  });
});
