import { formatEndpoint, type Inbound } from '@offhook/core';
import { parseMessage, type ResponseDraft, readSipUri, type SipRequest, type SipUri, type Verdict } from '@offhook/sip';
import { createBindings } from './bindings.ts';
import { type ChallengeSide, createGatekeeper } from './gatekeeper.ts';
import { createLinks, type Link } from './links.ts';
import { createMailboxes } from './mailboxes.ts';
import { spoil } from './nonsense.ts';
import { createProxy, type Place } from './proxy.ts';
import type { Registrar, RegistrarOptions, RegistrarSettings } from './registrar.types.ts';
import { type Act, type AnswerStep, createScript, stepsOf } from './registrar-script.ts';
import { createServer, type Served } from './registrar-server.ts';
import { describeMedia } from './sdp.ts';
import { createSeenLog } from './seen-log.ts';

const defaults: RegistrarSettings = {
  defaultExpiresS: 3_600,
  minExpiresS: 0,
  maxExpiresS: 86_400,
  grantS: undefined,
  expiresHeaderS: undefined,
  registerAuth: true,
  inviteAuth: false,
  recordRoute: false,
  nextNonce: false,
};

/** User part of the Contact in scripted answers to INVITE. */
const scripted = 'scripted';
/** Methods that belong to something that exists already: never challenged by the proxy. */
const following = new Set(['ACK', 'CANCEL', 'BYE', 'PRACK', 'UPDATE', 'INFO']);
const noBytes = new Uint8Array(0);

/** A registrar and proxy over any transports; a fault in what it receives is counted, never thrown. @source RFC 3261 sections 10.3 and 16 */
export function createRegistrar(options: RegistrarOptions): Registrar {
  const { ambient, password, domains = [], realm = 'lab', algorithms = ['SHA-256', 'MD5'], qop = ['auth'] } = options;
  const links = createLinks(options.transports, realm);
  const bindings = createBindings(ambient.now);
  const gatekeeper = createGatekeeper({
    ambient,
    realm,
    password,
    algorithms,
    qop,
    nonceLifetimeMs: options.nonceLifetimeMs ?? 3_600_000,
  });
  const script = createScript();
  const log = createSeenLog(ambient);
  const server = createServer(ambient, links, log.answered);
  const mailboxes = createMailboxes(ambient, links);
  const places = new Map<string, Place>();
  let settings: RegistrarSettings = { ...defaults, ...options.settings };
  let faults = 0;

  const ownPort = (port: number | undefined): boolean => port === undefined || links.listening.some((each) => each.port === port);
  const isMine = ({ host, port }: SipUri): boolean =>
    links.listening.some((each) => each.host === host && each.port === (port ?? 5060)) ||
    (domains.includes(host) && ownPort(port));

  const proxy = createProxy({
    links,
    bindings,
    isMine,
    attached: (user) => places.get(user),
    recordsRoute: () => settings.recordRoute,
    refuse(request, inbound, link, status) {
      if (request.method === 'ACK') return;
      const stranger = status === 480 && password(readSipUri(request.uri)?.user ?? '') === undefined;
      server.answer(server.find(request) ?? server.open(request, inbound, link), { status: stranger ? 404 : status });
    },
  });

  function challenge(side: ChallengeSide, after: Verdict): ResponseDraft {
    const { status, headers } = gatekeeper.challenge(side, after);
    return { status, headers };
  }

  function registration(request: SipRequest, link: Link): ResponseDraft {
    const user = readSipUri(request.to.uri)?.user ?? '';
    if (settings.registerAuth) {
      const verdict = gatekeeper.check(request, 'registrar');
      log.authenticated(request, verdict);
      if (verdict !== 'ok') return challenge('registrar', verdict);
    }
    const answer = bindings.register(user, request, link, settings);
    const nextNonce = settings.nextNonce && answer.status === 200 ? gatekeeper.nextNonce() : [];
    return { ...answer, headers: [...(answer.headers ?? []), ...nextNonce] };
  }

  /** New requests of our own users are challenged when `inviteAuth` is set; those of attached parties are not. */
  function admission(request: SipRequest, { remote }: Inbound): ResponseDraft | undefined {
    if (!settings.inviteAuth || following.has(request.method) || request.to.params.has('tag')) return undefined;
    const user = readSipUri(request.from.uri)?.user ?? '';
    if (password(user) === undefined || [...places.values()].some(({ at }) => formatEndpoint(at) === formatEndpoint(remote)))
      return undefined;
    const verdict = gatekeeper.check(request, 'proxy');
    log.authenticated(request, verdict);
    return verdict === 'ok' ? undefined : challenge('proxy', verdict);
  }

  /** What this server answers by itself; undefined for what it passes on. */
  function ordinary(request: SipRequest, inbound: Inbound, link: Link): ResponseDraft | undefined {
    if (request.method === 'REGISTER') return registration(request, link);
    const refused = admission(request, inbound);
    if (refused !== undefined) return refused;
    const uri = readSipUri(request.uri);
    if (uri === undefined || !isMine(uri) || request.headers('Route').length > 1) return undefined;
    const subscribed = request.method === 'SUBSCRIBE' ? mailboxes.subscribe(request, link) : undefined;
    if (subscribed !== undefined) return subscribed;
    if (uri.user === scripted) return { status: 200 };
    if (uri.user !== '') return undefined;
    return request.method === 'OPTIONS' ? { status: 200, headers: [['Accept', 'application/sdp']] } : { status: 405 };
  }

  function stepDraft(step: AnswerStep, { request, link }: Served): ResponseDraft {
    const { status, reason, retryAfterS, headers = [], body } = step;
    const takesCall = request.method === 'INVITE' && status >= 200 && status < 300;
    const at = links.listening.find(({ protocol }) => protocol === link.protocol) ?? link.listening;
    const media = body ?? (takesCall ? describeMedia({ at: { host: at.host, port: 40_000 } }) : noBytes);
    const challenged =
      status === 401 ? challenge('registrar', 'missing') : status === 407 ? challenge('proxy', 'missing') : undefined;
    return {
      status,
      ...(reason !== undefined && { reason }),
      headers: [
        ...headers,
        ...(headers.some(([name]) => /-authenticate$/i.test(name)) ? [] : (challenged?.headers ?? [])),
        ...(retryAfterS === undefined ? [] : [['Retry-After', String(retryAfterS)] as const]),
        ...(takesCall ? [['Contact', `<sip:${scripted}@${formatEndpoint(at)}>`] as const] : []),
        ...(media.length > 0 ? [['Content-Type', 'application/sdp'] as const] : []),
      ],
      body: media,
    };
  }

  function handle(request: SipRequest, inbound: Inbound, link: Link, remembered?: Served): void {
    const answer = ordinary(request, inbound, link);
    if (answer === undefined) proxy.request(request, inbound, link);
    else server.answer(remembered ?? server.open(request, inbound, link), answer);
  }

  function perform(act: Act, request: SipRequest, inbound: Inbound, link: Link): void {
    const served = server.open(request, inbound, link);
    if (act.type === 'delay') server.later(served, act.delayMs, () => handle(request, inbound, link, served));
    else if (act.type === 'nonsense') {
      const good = ordinary(request, inbound, link) ?? { status: 200 };
      server.answer(served, good, (bytes) => spoil(act.nonsense, bytes, ambient));
    } else if (act.type === 'answer') {
      for (const step of act.steps) server.later(served, step.afterMs ?? 0, () => server.answer(served, stepDraft(step, served)));
    }
  }

  function cancel(request: SipRequest, inbound: Inbound, link: Link, invite: Served): void {
    server.answer(server.find(request) ?? server.open(request, inbound, link), { status: 200 });
    server.cancelLater(invite);
    server.answer(invite, { status: 487 });
  }

  function receive(request: SipRequest, inbound: Inbound, link: Link): void {
    const known = server.find(request);
    log.add(request, inbound, link.protocol);
    const invite = request.method === 'ACK' || request.method === 'CANCEL' ? server.find(request, 'INVITE') : undefined;
    if (request.method === 'ACK') {
      const uri = readSipUri(request.uri);
      const ours = invite !== undefined || (uri?.user === scripted && isMine(uri));
      if (!ours) proxy.request(request, inbound, link);
    } else if (known !== undefined) server.again(known);
    else if (invite !== undefined) cancel(request, inbound, link, invite);
    else {
      const act = script.take(request);
      if (act === undefined) handle(request, inbound, link);
      else perform(act, request, inbound, link);
    }
  }

  function message(inbound: Inbound, link: Link): void {
    const parsed = parseMessage(inbound.bytes);
    if (parsed.kind === 'request') return receive(parsed, inbound, link);
    if (parsed.kind === 'response') {
      if (!mailboxes.response(parsed) && !proxy.response(parsed)) faults++;
      return;
    }
    faults++;
    const { answer } = parsed;
    if (answer !== undefined) server.answer(server.open(answer.request, inbound, link), { status: answer.status });
  }

  return {
    start: () => links.start({ message }),
    listening: links.listening,
    async stop() {
      server.stop();
      mailboxes.stop();
      await links.stop();
    },
    answer: (method, status, answerOptions = {}) =>
      script.add(method, { type: 'answer', steps: stepsOf(status, answerOptions) }, answerOptions),
    silence: (method = '*', scriptOptions = {}) => script.add(method, { type: 'silence' }, scriptOptions),
    delay: (method, delayMs, scriptOptions = {}) => script.add(method, { type: 'delay', delayMs }, scriptOptions),
    nonsense: (nonsense, method = '*', scriptOptions = {}) => script.add(method, { type: 'nonsense', nonsense }, scriptOptions),
    clear(method) {
      script.clear(method);
      server.dropUnanswered();
    },
    forget: bindings.forget,
    staleNonces: gatekeeper.staleNonces,
    set(changes) {
      settings = { ...settings, ...changes };
    },
    attach(user, at, protocol = 'udp') {
      const transport = protocol === 'udp' ? '' : `;transport=${protocol}`;
      places.set(user, { uri: `sip:${user}@${formatEndpoint(at)}${transport}`, at, protocol });
    },
    bindings: bindings.list,
    mailboxes,
    seen: log.find,
    forgetSeen: log.forget,
    get faults() {
      return faults;
    },
  };
}
