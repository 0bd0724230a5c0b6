import { afterAll, afterEach, beforeAll } from 'vitest';
import { type Folder, makeFolder } from './folder.ts';
import { stopAll } from './offhook.ts';
import { linePassword } from './runner.ts';
import { type Server, startServer } from './server.ts';

/** What a suite of runners stands on: a folder and two registrars, there while it runs. */
export interface Site {
  readonly folder: Folder;
  readonly primary: Server;
  readonly alternate: Server;
}

/** Sets it up before the suite and clears it away; programs that a test started end with the test. */
export function useSite(): Site {
  const site = {} as { -readonly [Part in keyof Site]: Site[Part] };
  beforeAll(async () => {
    site.folder = makeFolder();
    [site.primary, site.alternate] = [await startServer(linePassword), await startServer(linePassword)];
  });
  afterEach(() => stopAll());
  afterAll(async () => {
    await site.primary.stop();
    await site.alternate.stop();
    site.folder.remove();
  });
  return site;
}
