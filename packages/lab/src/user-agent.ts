import { defaultSipTimers, type ServerTransaction, type SipRequest } from '@offhook/sip';
import { learnDialog } from './call-dialog.ts';
import { createParty } from './party.ts';
import { type LiveCall, newDialog, placeCall, takeCall } from './scripted-call.ts';
import type { CalleePlan, UserAgent, UserAgentOptions } from './user-agent.types.ts';

const politePlan: CalleePlan = {
  ringAfterMs: 0,
  answerAfterMs: 0,
  status: 200,
  headers: [],
  hangUpAfterMs: undefined,
  otherStatus: 200,
};

/** A scripted party on the project's own codec and transactions; it has no phone in it. */
export function createUserAgent(options: UserAgentOptions): UserAgent {
  const { ambient, transport, user, proxy, domain = proxy.host, password } = options;
  const timers = { ...defaultSipTimers, ...options.timers };
  const calls: LiveCall[] = [];
  const received: { readonly atMs: number; readonly request: SipRequest }[] = [];
  let plan: CalleePlan = { ...politePlan, ...options.plan };

  const party = createParty({
    ambient,
    transport,
    user,
    proxy,
    password,
    timers,
    onRequest,
    onAck: (request) => callOf(request)?.acked(),
  });
  const host = { ambient, party };
  const aor = `sip:${user}@${domain}`;
  const uriOf = (target: string): string => (/^sips?:|^tel:/.test(target) ? target : `sip:${target}@${domain}`);
  /** Registers under one identity for as long as it lives. @source RFC 3261 section 10.2 */
  const registration = newDialog(ambient, aor, aor);
  registration.remoteTarget = `sip:${domain}`;

  const callOf = (request: SipRequest): LiveCall | undefined => calls.find(({ callId }) => callId === request.callId);

  function onRequest(server: ServerTransaction): void {
    const { request } = server;
    if (request.to.params.has('tag')) {
      const call = callOf(request);
      if (call === undefined || call.state === 'ended') server.respond({ status: 481 });
      else call.receive(server);
    } else if (request.method === 'INVITE') {
      const local = `${request.header('To') ?? ''};tag=${server.toTag}`;
      const dialog = { callId: request.callId, local, remote: '', remoteTarget: '', routes: [], cseq: 0 };
      learnDialog(dialog, request);
      calls.push(takeCall(host, dialog, server, plan, timers.t1Ms));
    } else {
      received.push({ atMs: ambient.now(), request });
      server.respond({ status: plan.otherStatus });
    }
  }

  return {
    start: party.start,
    async stop() {
      for (const call of calls) call.stop();
      await party.stop();
    },
    expect(changes) {
      plan = { ...plan, ...changes };
    },
    register: (expiresS) =>
      new Promise((resolve) => {
        const headers = [['Contact', party.contact] as const, ['Expires', String(expiresS)] as const];
        party.send(registration, { method: 'REGISTER', headers }, proxy, (status) => {
          if (status >= 200) resolve(status);
        });
      }),
    call(target, { proxies = [proxy], headers = [] } = {}) {
      const call = placeCall(host, newDialog(ambient, aor, uriOf(target)), proxies, headers);
      calls.push(call);
      return call;
    },
    request: (method, target, headers = [], body) =>
      new Promise((resolve) => {
        const writing = { method, headers, ...(body !== undefined && { body }) };
        party.send(newDialog(ambient, aor, uriOf(target)), writing, proxy, (status) => {
          if (status >= 200) resolve(status);
        });
      }),
    calls,
    received,
    forgetEnded() {
      calls.splice(0, calls.length, ...calls.filter(({ state }) => state !== 'ended'));
      received.length = 0;
    },
    get address() {
      return party.address;
    },
  };
}
