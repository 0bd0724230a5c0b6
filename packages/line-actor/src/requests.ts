import { randomToken, type Timer } from '@offhook/core';
import { type ClientEvent, type RequestDraft, readSipUri, type SipResponse } from '@offhook/sip';
import type { Identity, LegIdentity } from './identity.ts';
import type { LineScope } from './line-scope.ts';
import type { RequestEnd } from './outcome.ts';
import type { Place, SendVerdict } from './place.ts';
import type { RequestRoute } from './route.ts';

/** How an out-of-dialog request ended for its caller. */
export type RequestResult =
  | { readonly ok: true; readonly status: number; readonly leg: string }
  | { readonly ok: false; readonly status?: number; readonly reason: string };

export interface OutgoingRequest {
  readonly method: string;
  /** SIP URI or a user part of the line's own domain. */
  readonly target: string;
  readonly contentType?: string;
  readonly body?: Uint8Array;
}

/** Out-of-dialog requests other than INVITE and REGISTER: MESSAGE, OPTIONS. */
export interface Requests {
  send(request: OutgoingRequest): Promise<RequestResult>;
  /** A leg registered: what waited is routed again. */
  release(): void;
  /** The line stops: what waits is answered 480. */
  refuseAll(): void;
  /** The line is gone: what waits or is under way ends for its caller, and nothing is said of it. */
  dispose(): void;
  readonly queued: number;
}

/** At most so many requests wait for a registration (6.4). */
const maxQueued = 16;

interface Job {
  readonly request: OutgoingRequest;
  readonly route: RequestRoute;
  readonly callId: string;
  readonly fromTag: string;
  cseq: number;
  challenges: number;
  timer?: Timer | undefined;
  finish(result: RequestResult): void;
}

const text = (status: number): RequestResult => ({ ok: false, status, reason: `answered ${status}` });

/** Request-URI on a leg: a target in the primary's domain follows the leg's domain (D-47), a foreign one stays. */
export function targetUri(identity: Identity, { domain }: Pick<LegIdentity, 'domain'>, target: string): string {
  if (!/^sips?:/i.test(target)) return `sip:${target}@${domain}`;
  const uri = readSipUri(target);
  const isOurs = uri !== undefined && uri.host.toLowerCase() === identity.domain.toLowerCase() && uri.port === undefined;
  return isOurs && uri.user !== undefined ? `${uri.scheme}:${uri.user}@${domain}` : target;
}

/** Made when a line has its first request to send. */
export function createRequests(line: LineScope): Requests {
  const { ambient, layer } = line;
  /** Whose callers wait; those that wait for a registration are in the queue too. */
  const underWay = new Set<Job>();
  const queue = new Set<Job>();

  function draft(
    job: Job,
    { routes }: LegIdentity,
    uri: string,
    authorization: readonly (readonly [string, string])[],
  ): RequestDraft {
    const { request } = job;
    const { identity } = line;
    const aor = `<sip:${identity.user}@${identity.domain}>`;
    const from = identity.displayName === '' ? aor : `${identity.displayName} ${aor}`;
    return {
      method: request.method,
      uri,
      headers: [
        ...routes.map((route) => ['Route', route] as const),
        ['Max-Forwards', String(identity.maxForwards)],
        ['From', `${from};tag=${job.fromTag}`],
        ['To', `<${uri}>`],
        ['Call-ID', job.callId],
        ['CSeq', `${job.cseq} ${request.method}`],
        ['User-Agent', identity.userAgent],
        ...(request.contentType === undefined ? [] : [['Content-Type', request.contentType] as const]),
        ...authorization,
      ],
      ...(request.body === undefined ? {} : { body: request.body }),
    };
  }

  function attempt(job: Job, place: Place): void {
    const { leg } = place;
    const uri = targetUri(line.identity, place.identity, job.request.target);
    place.hops.use(line.timers.timerFMs, (result) => {
      if ('failure' in result) return failed(job, { type: 'transport', connected: false, detail: result.failure.detail });
      const transmit = (authorization: readonly (readonly [string, string])[]): void => {
        layer.request(draft(job, place.identity, uri, authorization), result.hop, (event) => onEvent(event, transmit));
      };
      const onEvent = (event: ClientEvent, again: typeof transmit): void => {
        if (event.type === 'provisional') return;
        if (event.type !== 'final') return failed(job, { type: event.type });
        const authorization = answer(job, place, uri, event.response);
        if (authorization === undefined) return ended(job, place, event.response);
        job.cseq += 1;
        job.route.again(event.response.status);
        again(authorization);
      };
      transmit(leg.credentials.preemptive(job.request.method, uri, job.request.body));
    });
  }

  /** Credentials for a challenge, to be sent on the very same hop (D-44); undefined when it stands as the answer. */
  function answer(job: Job, { leg }: Place, uri: string, response: SipResponse) {
    if ((response.status !== 401 && response.status !== 407) || job.challenges >= line.maxAuth) return undefined;
    const challenges = response.headers(response.status === 401 ? 'WWW-Authenticate' : 'Proxy-Authenticate');
    const { method, body } = job.request;
    const answered = leg.credentials.answer({
      status: response.status,
      challenges,
      method,
      uri,
      ...(body === undefined ? {} : { body }),
    });
    if ('unanswerable' in answered) return undefined;
    job.challenges += 1;
    return answered.map(({ header, value }) => [header, value] as const);
  }

  function ended(job: Job, { leg }: Place, response: SipResponse): void {
    if (response.status < 300) {
      leg.credentials.learn(response);
      return job.finish({ ok: true, status: response.status, leg: leg.leg });
    }
    failed(job, { type: 'final', status: response.status });
  }

  function failed(job: Job, end: RequestEnd): void {
    line.whenSettled(() => {
      if (!underWay.has(job)) return;
      const verdict = job.route.after(end);
      if (verdict?.next === 'send') return follow(job, verdict);
      job.finish(
        end.type === 'final' ? text(end.status) : { ok: false, reason: end.type === 'register' ? 'not-registered' : end.type },
      );
    });
  }

  function follow(job: Job, verdict: SendVerdict): void {
    line.place(verdict, (placed) => {
      if (!underWay.has(job)) return;
      job.challenges = 0;
      if ('place' in placed) return attempt(job, placed.place);
      if (placed.failure === 'register') return failed(job, { type: 'register' });
      const outcome = { action: 'deliver', reason: 'no-leg' };
      job.route.note({ rule: 'D-15:withdrawn', source: 'redundancy 6.1, D-15', inputs: { registered: false }, outcome });
      job.finish({ ok: false, reason: `no ${verdict.leg} leg` });
    });
  }

  function start(job: Job): void {
    const verdict = job.route.first();
    if (verdict.next === 'send') return follow(job, verdict);
    if (verdict.next === 'refuse') return job.finish({ ok: false, status: verdict.status, reason: verdict.reason });
    if (verdict.next === 'deliver') return job.finish({ ok: false, reason: 'no server' });
    if (queue.size >= maxQueued) return refuse(job, 'queue-full');
    queue.add(job);
    job.timer ??= ambient.setTimer(() => giveUp(job, 'not-registered'), verdict.forMs);
  }

  function giveUp(job: Job, reason: string): void {
    queue.delete(job);
    ambient.clearTimer(job.timer);
    refuse(job, reason);
  }

  function refuse(job: Job, reason: string): void {
    const outcome = { action: 'refuse', status: 480, reason };
    job.route.note({ rule: `6.4:${reason}`, source: 'redundancy 6.4 row no/no', outcome });
    job.finish({ ok: false, status: 480, reason });
  }

  return {
    send(request) {
      return new Promise((resolve) => {
        const job: Job = {
          request,
          route: line.route(request.method),
          callId: randomToken(ambient, 100),
          fromTag: randomToken(ambient, 50),
          cseq: 1,
          challenges: 0,
          finish(result) {
            underWay.delete(job);
            resolve(result);
          },
        };
        underWay.add(job);
        start(job);
      });
    },
    release() {
      const jobs = [...queue];
      queue.clear();
      for (const job of jobs) {
        start(job);
        if (!queue.has(job)) ambient.clearTimer(job.timer);
      }
    },
    refuseAll() {
      for (const job of [...queue]) giveUp(job, 'line-stopped');
    },
    dispose() {
      for (const job of [...underWay]) {
        ambient.clearTimer(job.timer);
        job.finish({ ok: false, reason: 'line-stopped' });
      }
      queue.clear();
    },
    get queued() {
      return queue.size;
    },
  };
}
