import { type CandidateList, candidateList, isIpLiteral, type Locator, lineMode, type Timer } from '@offhook/core';
import { type ListLine, ListRoute } from './list-route.ts';

/** The list of a line, kept true as names change. */
export interface Locating {
  readonly route: ListRoute;
  dispose(): void;
}

/** The line that is located. */
export interface LocatedLine extends ListLine {
  readonly locator: Locator | undefined;
}

/** However short a time to live is: a name is not asked for more often. */
const shortestMs = 5_000;
/** Names without an address are asked for again. */
const missingMs = 60_000;
const noServers: CandidateList = { entries: [], validUntilMs: 0, ranked: false, missing: [] };

/** A line whose list DNS knows, or the site, runs as one even while it has a single entry; a plain name only with several addresses. */
const isListed = ({ config }: LocatedLine): boolean =>
  lineMode(config) === 'list' || config.ext.useDnsSrv || config.ext.sipTransport === 'AUTO';

/** A line that names one server by its address has no list. */
function mayBeListed(line: LocatedLine): boolean {
  const { config } = line;
  const mode = lineMode(config);
  const { target } = line.identity.legs.primary ?? {};
  return (
    line.locator !== undefined && (mode === 'list' || (mode === 'single' && target !== undefined && !isIpLiteral(target.host)))
  );
}

/**
 * Finds the ranked servers of a line before it begins, and again whenever the answer has run out. Undefined: it has one server.
 * @source redundancy reference sections 5.1, 5.2; D-26
 */
export async function locateServers(line: LocatedLine): Promise<Locating | undefined> {
  if (!mayBeListed(line)) return undefined;
  const first = await locate(line);
  if (!isListed(line) && first.entries.length < 2) return undefined;
  return new ListWatch(line, first);
}

/** Empty when nothing is found: the line waits as after any failure (5.8, no DNS result). */
async function locate(line: LocatedLine, previous?: CandidateList): Promise<CandidateList> {
  const { locator, ambient, config } = line;
  if (locator === undefined) return noServers;
  try {
    return await candidateList(config, locator, () => ambient.random(), previous);
  } catch (error) {
    ambient.log.warn('no server could be located', { line: config.id, error });
    return noServers;
  }
}

class ListWatch implements Locating {
  readonly route: ListRoute;
  private readonly line: LocatedLine;
  private latest: CandidateList;
  private timer: Timer | undefined = undefined;
  private isOver = false;

  constructor(line: LocatedLine, first: CandidateList) {
    this.line = line;
    this.route = new ListRoute(line, () => this.again());
    this.latest = first;
    this.route.servers.replace(first);
    this.watch(first);
  }

  dispose(): void {
    this.isOver = true;
    this.line.ambient.clearTimer(this.timer);
    this.route.dispose();
  }

  /** Asks now; true when there are servers. */
  private async again(): Promise<boolean> {
    const list = await locate(this.line, this.latest);
    if (this.isOver) return false;
    this.watch(list);
    // A name that cannot be resolved any more leaves the line what it knows (D-26).
    if (list.entries.length > 0) {
      this.latest = list;
      this.route.relocated(list);
    }
    return this.route.servers.entries.length > 0;
  }

  private watch({ validUntilMs, missing }: CandidateList): void {
    const { ambient } = this.line;
    ambient.clearTimer(this.timer);
    const wantedMs = missing.length > 0 ? Math.min(validUntilMs - ambient.now(), missingMs) : validUntilMs - ambient.now();
    if (wantedMs === Number.POSITIVE_INFINITY) return;
    const waitMs = Math.max(wantedMs, shortestMs);
    this.timer = ambient.setTimer(() => void this.again(), waitMs);
  }
}
