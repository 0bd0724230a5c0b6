import { type OpenTarget, type Protocol, parseServer, randomToken, type Timer } from '@offhook/core';
import type { ClientEvent, ClientTransaction, RequestDraft } from '@offhook/sip';
import type { RunningLeg } from './leg.ts';
import type { LegHop, LegHops } from './leg-hop.ts';
import type { LineScope } from './line-scope.ts';
import { addressOfRecord } from './register-request.ts';

/** Keeps the way to one leg's server open. @source redundancy reference sections 3.2, 3.7, 6.9; D-42 */
export interface Keepalive {
  /** The first one leaves a period from now; nothing when it runs already. */
  start(): void;
  /** The route moved: the period begins anew. @source D-42, RED-125 */
  moved(): void;
  stop(): void;
}

export interface KeepaliveOptions {
  readonly line: LineScope;
  readonly leg: RunningLeg;
  /** X Keepalive Failover: so many in a row were not answered. */
  onDead(missed: number): void;
}

/** Keepalives without an answer that make a transport failure of the server. */
const mostMissed = 3;
/** How long an answer may take. @source RFC 5626 section 4.4.1 (pong timeout) */
const answerMs = 10_000;
const ping = new TextEncoder().encode('\r\n\r\n');

/** Where keepalives go beside the leg's own server: `host[:port]`. */
function otherTarget(text: string, protocol: Protocol): OpenTarget | undefined {
  const place = text === '$PROXY' ? undefined : parseServer(text);
  if (place === undefined) return undefined;
  return { host: place.host, port: place.port ?? (protocol === 'tls' ? 5061 : 5060), protocol };
}

/** Undefined when the line sends none. */
export function createKeepalive({ line, leg, onDead }: KeepaliveOptions): Keepalive | undefined {
  const { ambient, config, identity } = line;
  const { natKeepAliveEnable, natKeepAliveMsg, natKeepAliveDest, xKeepaliveFailover } = config.ext;
  const periodMs = config.phone.natKeepAliveIntvl * 1000;
  if (!natKeepAliveEnable || periodMs === 0) return undefined;

  const first = leg.identity.target;
  const named = otherTarget(natKeepAliveDest, first.protocol);
  const other = named?.host === first.host && named.port === first.port ? undefined : named;
  /** Answers of another host say nothing of the leg's server. */
  const watches = xKeepaliveFailover && other === undefined;
  let elsewhere: LegHops | undefined;
  let beatTimer: Timer | undefined;
  let answerTimer: Timer | undefined;
  let outstanding: ClientTransaction | undefined;
  let identifiers: { readonly callId: string; readonly fromTag: string } | undefined;
  let cseq = 0;
  let missed = 0;

  function forgetRequest(): void {
    outstanding?.abandon();
    outstanding = undefined;
    ambient.clearTimer(answerTimer);
    answerTimer = undefined;
  }

  function miss(): void {
    forgetRequest();
    if (!watches) return;
    missed += 1;
    if (missed < mostMissed) return;
    missed = 0;
    onDead(mostMissed);
  }

  function heard(event: ClientEvent): void {
    // Whatever the server says, it is alive (6.9).
    if (event.type !== 'provisional' && event.type !== 'final') return miss();
    missed = 0;
    forgetRequest();
  }

  /** A question of its own identity, so that it never meets the registration's CSeq. REGISTER without Contact asks what is bound. */
  function question(hop: LegHop): RequestDraft {
    identifiers ??= { callId: randomToken(ambient, 100), fromTag: randomToken(ambient, 50) };
    cseq += 1;
    const method = natKeepAliveMsg === '$REGISTER' ? 'REGISTER' : 'NOTIFY';
    const own = line.placeNow(leg).identity;
    const uri = `sip:${own.domain}`;
    const aor = addressOfRecord(identity, leg.leg);
    const fields =
      method === 'REGISTER'
        ? []
        : ([
            ['Contact', `<${leg.contact(hop)}>`],
            ['Event', 'keep-alive'],
          ] as const);
    return {
      method,
      uri,
      headers: [
        ...own.routes.map((route) => ['Route', route] as const),
        ['Max-Forwards', String(identity.maxForwards)],
        ['From', `<${aor}>;tag=${identifiers.fromTag}`],
        ['To', method === 'REGISTER' ? `<${aor}>` : `<${uri}>`],
        ['Call-ID', identifiers.callId],
        ['CSeq', `${cseq} ${method}`],
        ...fields,
        ['User-Agent', identity.userAgent],
        ...(method === 'REGISTER' ? leg.credentials.preemptive(method, uri) : []),
      ],
    };
  }

  function beatOn(hop: LegHop): void {
    if (outstanding !== undefined) miss();
    const isQuestion = natKeepAliveMsg === '$NOTIFY' || natKeepAliveMsg === '$REGISTER';
    // A pong ends in the transport. Who wants to count answers asks for one that arrives here.
    if (hop.reliable && !watches) return line.send(hop.flow, ping);
    if (!hop.reliable && !isQuestion) return line.send(hop.flow, new TextEncoder().encode(natKeepAliveMsg));
    if (watches) answerTimer = ambient.setTimer(miss, answerMs);
    outstanding = line.layer.request(question(hop), hop, heard);
  }

  function beat(): void {
    beatTimer = ambient.setTimer(beat, periodMs);
    if (other !== undefined) elsewhere ??= line.hopsTo(leg.leg, other);
    // A flow that was lost is the next REGISTER's to open; a line that does not register has nobody else to open it.
    else if (line.list === undefined && leg.hops.current() === undefined && leg.state() !== 'off') return;
    (elsewhere ?? line.placeNow(leg).hops).use(line.timers.timerFMs, (result) => {
      if ('hop' in result && beatTimer !== undefined) beatOn(result.hop);
    });
  }

  const restart = (): void => {
    ambient.clearTimer(beatTimer);
    forgetRequest();
    missed = 0;
    beatTimer = ambient.setTimer(beat, periodMs);
  };

  return {
    start: () => beatTimer === undefined && restart(),
    moved: restart,
    stop() {
      ambient.clearTimer(beatTimer);
      beatTimer = undefined;
      forgetRequest();
      elsewhere?.close();
      elsewhere = undefined;
    },
  };
}
