import { randomToken, type Timer } from '@offhook/core';
import type { ClientTransaction } from '@offhook/sip';
import type { LineScope } from './line-scope.ts';
import type { Place } from './place.ts';

/**
 * Asks a server by OPTIONS whether it is there, several times, one Reg Retry Intvl apart. Any answer is one; the first silence ends it.
 * @source redundancy reference 3.10 X_Fallback_Hold; RFC 3261 section 11
 */
export class Probe {
  private readonly line: LineScope;
  private readonly place: Place;
  private readonly done: (answered: boolean) => void;
  private left: number;
  private timer: Timer | undefined = undefined;
  private outstanding: ClientTransaction | undefined = undefined;
  private isOver = false;
  private readonly callId: string;
  private readonly fromTag: string;

  constructor(line: LineScope, place: Place, times: number, done: (answered: boolean) => void) {
    this.line = line;
    this.place = place;
    this.left = times;
    this.done = done;
    this.callId = randomToken(line.ambient, 100);
    this.fromTag = randomToken(line.ambient, 50);
  }

  begin(): void {
    const { line, place } = this;
    place.hops.use(line.timers.timerFMs, (result) => {
      if (this.isOver) return;
      if ('failure' in result) return this.finish(false);
      const { identity, layer } = line;
      const { domain, routes } = place.identity;
      const headers = [
        ...routes.map((route) => ['Route', route] as const),
        ['Max-Forwards', String(identity.maxForwards)] as const,
        ['From', `<sip:${identity.user}@${identity.domain}>;tag=${this.fromTag}`] as const,
        ['To', `<sip:${domain}>`] as const,
        ['Call-ID', this.callId] as const,
        ['CSeq', `${this.left} OPTIONS`] as const,
        ['User-Agent', identity.userAgent] as const,
      ];
      this.outstanding = layer.request({ method: 'OPTIONS', uri: `sip:${domain}`, headers }, result.hop, (event) => {
        if (event.type === 'provisional' || this.isOver) return;
        this.outstanding = undefined;
        if (event.type === 'final') this.answered();
        else this.finish(false);
      });
    });
  }

  dispose(): void {
    this.isOver = true;
    this.line.ambient.clearTimer(this.timer);
    this.outstanding?.abandon();
  }

  private answered(): void {
    this.left -= 1;
    if (this.left === 0) return this.finish(true);
    this.timer = this.line.ambient.setTimer(() => this.begin(), this.line.config.phone.regRetryIntvl * 1000);
  }

  private finish(answered: boolean): void {
    if (this.isOver) return;
    this.isOver = true;
    this.done(answered);
  }
}
