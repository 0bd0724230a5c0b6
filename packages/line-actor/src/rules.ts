/**
 * What each rule says, in words: decisions name a rule, `explain` shows its sentence. A rule may end in `/` and a variant of its own
 * (`5.6:next-up/no-response`); the sentence is that of the rule without it, unless the variant has one.
 */
export const ruleSentences: Readonly<Record<string, string>> = {
  // How a line runs (5.1).
  '5.1:1': 'A line without User ID, or without Proxy and Outbound Proxy, is disabled.',
  '5.1:2': 'Dual Registration with an alternate of its own keeps two registrations at once.',
  '5.1:3': 'More than one server, or a tier of gateways, is a ranked list: one registration and the route move along it.',
  '5.1:4': 'One server: one registration, and nowhere else to go.',
  'D-36': 'Primary and alternate are the same host, port and transport: the line runs with one registration.',
  '5.1:disabled': 'User ID or every server is missing.',
  '5.1:not-before': 'The server has asked for a pause (Retry-After); a restart of the line does not shorten it.',

  // Registration (6.1, 5.4, 5.5).
  '3.10:initial-spread':
    'X Initial Reg Spread: the first REGISTER of a line waits a random time, so that lines do not all start at once.',
  '6.1:line.start': 'The line begins: each leg registers.',
  '6.1:line.stop': 'The line ends: what it holds is withdrawn.',
  '6.1:waiting/clock.retry': 'The wait after a failed REGISTER is over.',
  '6.1:registered/clock.expiry': 'The registration has expired: a new one is asked for.',
  '6.1:registered/clock.refresh':
    'A registration is renewed after 78 % of its life less Timer F; a short one after half its life (5.5, D-37).',
  '6.1:reg.challenge': 'A challenge is answered with the digest of the password, at the very place that sent it.',
  '6.1:reg.tooBrief': '423: the REGISTER is repeated with the lifetime that the server asks for.',
  '6.1:reg.ok': 'The server has taken the registration.',
  '6.1:clock.expiry': 'A registration that was not renewed in time ends.',
  '6.1:off': 'The registration has been withdrawn, or given up.',
  '5.4:short':
    'After silence, or a code that Retry Reg RSC lists, the next REGISTER waits Reg Retry Intvl, twice as long each time up to its cap.',
  '5.4:long': 'After a refusal the next REGISTER waits Reg Retry Long Intvl.',
  '5.4:retry-after': 'The server said when to come again (Retry-After).',
  '5.4:long=0': 'Reg Retry Long Intvl is 0: after a refusal there is no next REGISTER.',
  'D-23:grace': 'X Tcp Reconnect Grace: a server of a list that hangs up is called again for so long before the line fails over.',
  'D-46:no-binding': 'Nothing is left of the stored registration, or its connection is gone: a REGISTER goes at once.',
  'D-46:resume': 'A stored registration goes on: same Call-ID, no REGISTER before its time.',
  'D-46:call-resumed':
    'A call of an earlier owner of the line goes on in its dialog, with a CSeq above all that may still be on its way.',
  'D-46:call-ended': 'A call of an earlier owner of the line could not go on: it is ended with CANCEL, BYE or 480.',
  'D-46:resume/spread':
    'A stored registration goes on; its refresh, missed by the process before, waits a random time of up to 30 s.',
  'D-46:edge':
    'Another edge, or a new life of it: flows are opened there; a Contact that leads elsewhere is registered anew, once.',
  'D-46:restart': 'What is stored does not fit what is configured: the line registers anew.',
  'D-48:disconnect': 'The connection was lost: it is opened again at once, and the leg registers.',

  // Where requests go (6.4, 6.7).
  '6.4:primary-usable': 'While the primary holds a working registration, new requests go there.',
  '6.4:none-usable': 'No server holds a working registration.',
  '6.4:both-usable': 'Both servers hold a working registration: the primary comes first.',
  '6.4:primary-only': 'The primary alone holds a working registration.',
  '6.4:alternate-only': 'The alternate alone holds a working registration: the primary is not tried.',
  '6.4:bound-only': 'No registration works, but one has not expired: it is tried.',
  '6.4:primary-failed': 'The primary failed, and the alternate holds a working registration.',
  '6.4:alternate-unregistered': 'The primary failed; Make Call Without Reg lets the request go to the alternate all the same.',
  '6.4:alternate-not-registered': 'The primary failed and the alternate holds no registration: the failure is final.',
  '6.4:alternate-failed': 'The alternate failed; there is no way back to the primary.',
  '6.4:both-failed': 'Both servers have failed.',
  '6.4:reject-is-final': 'A server has answered with a code that Try Backup RSC does not list: its answer stands.',
  '6.4:single/no-other-server': 'There is no other server.',
  '6.4:none-registered/mcwr': 'Nothing is registered; Make Call Without Reg lets requests go all the same.',
  '6.4:none-registered/queue': 'Nothing is registered: the request waits for a registration.',
  '6.4:not-registered': 'No registration came in time for the request that waited.',
  '6.4:queue-full': 'Too many requests wait for a registration already.',
  '6.4:line-stopped': 'The line ended while the request waited.',
  '6.7:registered': 'A registration lives: requests go to the server in use.',
  '6.7:register-no': 'Register is No: the line calls without a registration.',
  '6.7:not-registered': 'A line that is not registered may not call, unless Make Call Without Reg says so.',

  'D-14:suspect': 'X Primary Suspect Hold: an INVITE timed out at the primary, so a REGISTER asks at once whether it lives.',
  'D-14:primary-suspect':
    'X Primary Suspect Hold: an INVITE timed out at the primary a moment ago, new ones skip it for a while.',

  // Subscriptions and keepalives (6.8, 6.9).
  '6.8:start': 'The line is registered: its mailbox is subscribed to.',
  '6.8:registered-again': 'The line is registered again: the subscription is made anew.',
  '6.8:moved': 'X Resubscribe On Move: the subscription follows to the server that serves the line now.',
  '6.8:refresh': 'A subscription is renewed before it ends.',
  '6.8:clock.refresh': 'A subscription is renewed before it ends.',
  '6.8:kept': 'A renewal failed: the subscription counts until its end.',
  '6.8:renew': 'The subscription is made anew.',
  '6.8:retrying/clock.retry': 'Sub Retry Intvl is over: the subscription is tried again.',
  '6.8:clock.expiry': 'The subscription has ended without a renewal: it is made anew.',
  '6.8:terminated': 'The notifier ended the subscription, and it may be made anew at once.',
  '6.8:unknown-there': 'The server knows no such subscription: a new one is begun.',
  '6.8:failed': 'The subscription failed.',
  '6.8:sub.none': 'Nobody answered SUBSCRIBE.',
  '6.8:sub.reject': 'SUBSCRIBE was refused.',
  '6.8:sub.tooBrief': 'The server wants a longer subscription than the line may ask for.',
  '6.8:sub.terminated': 'The notifier has ended the subscription.',
  '6.8:clock.notify': 'No NOTIFY came within 64*T1 of SUBSCRIBE (Timer N).',
  '6.8:reg.lost': 'Without a registration there is nobody to ask.',
  '6.9:missed': 'X Keepalive Failover: three keepalives in a row were not answered, the server counts as failed.',

  // Requests and calls at work.
  '3.4:redirection': 'A redirection is followed, at most Max Redirection times.',
  '5.8:challenge': 'A challenge is answered at the very place that sent it.',
  '5.8:no-server': 'No server is known: DNS has no answer.',
  '6.2:caller-cancelled': 'The caller hung up before the call was answered.',
  '6.2:final-answer': 'The answer goes to the caller.',
  '6.2:reject': 'A server has answered with a code that Try Backup RSC does not list: its answer stands.',
  'D-19:invite-expired': 'INVITE Expires is over and nobody has answered.',
  'D-19:after-provisional': 'After a provisional answer a call stays with its server: it does not move to another one.',
  '6.5:pinned': 'A call stays to its end with the server that answered it, or that it came from.',
  '6.6:merged': 'The same request came twice by two ways: the second one is refused.',
  '6.6:unregistered': 'A call came in that an unregistered line may not answer (Ans Call Without Reg).',

  // Ranked lists: failing over (5.6, 6.2, 6.3).
  '5.6:next-up':
    'The first server of the list that this request has not been to, and that is UP or has been DOWN for Proxy Fallback Intvl.',
  '5.6:from-the-top': 'Proxy Fallback Intvl is 0: the list is tried from the top, all but the servers that have just failed.',
  '5.6:exhausted': 'Every server of the list has been tried: their marks are cleared.',
  '6.3:in-service': 'A server took the registration, and none had before: new requests go there.',
  '6.3:register-failed': 'The REGISTER failed where new requests went: they go on to the next server.',
  '6.3:request-failed': 'A request failed where new requests went: the next ones begin at the server it moved to.',
  '6.3:dns.changed/gone': 'DNS does not name the server in use any more: the best of those it names takes its place.',
  '6.3:exhausted': 'No server of the list serves the line: it is out of service, and begins at the top again.',
  'D-15:register-first': 'Auto Register When Failover: the line registers at the new server, and the request follows.',

  // Ranked lists: coming back (5.7).
  '5.7:on-top': 'The best server is in use: there is nothing to return to.',
  '5.7:no-current-server': 'No server is in use.',
  '5.7:no-interval': 'Proxy Fallback Intvl is 0: a server that works is never left.',
  '5.7:no-better-server': 'Beside the gateways there are no servers.',
  '5.7:no-survivability-interval': 'Survivability Proxy Fallback Intvl is 0: a gateway that works is never left.',
  '5.7:interval': 'Proxy Fallback Intvl is over, before the registration ends: the line turns to the better server then.',
  '5.7:registration-ends':
    'The registration ends before Proxy Fallback Intvl is over: the line returns then and registers at the better server.',
  '5.7:registration-period':
    'Auto Register When Failover: at the first whole registration period after Proxy Fallback Intvl a REGISTER asks the better server.',
  '5.7:refresh': 'Auto Register When Failover: the first refresh after Proxy Fallback Intvl goes to the better server.',
  '5.7:survivability':
    'Every Survivability Proxy Fallback Intvl since the registration at the gateway, a REGISTER asks the normal servers from the top.',
  '5.7:latched': 'The return is due, but a call of the line is under way: it waits for its end (D-24).',
  '3.10:fallback-hold': 'X Fallback Hold: the better server has to answer several times in a row before the line returns.',
  '5.1:line.start': 'A line that does not register begins at the best server that may be asked.',
  '6.3:registered': 'A round of REGISTERs has found another server: requests follow the registration.',
  '6.3:recovery-ended': 'The line ends before the REGISTER to the better server has left.',
  '6.3:registration-overtaken': 'The better server has taken the registration before a REGISTER to the old one had left.',
  'D-15:withdrawn': 'The registration is being withdrawn: a request that had to wait for one ends here.',
  '6.3:recovery-challenged': 'A challenge of the better server is answered there.',
  'D-08:unanswered': 'Nobody answered the withdrawal at the old server: the binding there ends by itself.',
  'D-08:challenged': 'A challenge of the old server to the withdrawal is answered once.',
  '5.7:no-early-refresh': 'While requests go elsewhere, the better server gets no refresh before the line returns to it.',
  '6.3:recovery-failed': 'The better server did not take the registration: the line stays, and the interval begins again.',
  '6.3:recovered': 'The better server took the registration: new requests go there.',
  'D-08:remove-last': 'Remove Last Reg: the registration at the server that was left is withdrawn.',

  // Another configuration (6.10).
  '5.1:restart': 'An ordered restart: the line begins anew with all that has waited for it.',
  '6.10:now': 'These parameters count from now on, or with the next transaction.',
  '6.10:until-restart': 'These parameters count once the line, or the runtime, has been restarted.',
  '6.10:until-last-call':
    'These parameters need the line to register anew: its last call ends first, at most Forced Resync Delay later.',
  '6.10:line': 'These parameters need the line to register anew, and it has no call.',
  '6.10:line/call.last': 'The last call has ended, or Forced Resync Delay is over: the line registers anew.',
  '6.10:removed': 'The configuration has this line no longer: it ends with its last call.',

  'D-11': 'Two mechanisms would rule the same thing on this line: one is refused.',
};

/** The sentence of a rule, or that of the rule it is a variant of; undefined for one that a plugin made. */
export function ruleSentence(rule: string): string | undefined {
  for (let name = rule; name !== ''; name = name.replace(/[/:]?[^/:]*$/, '')) {
    const sentence = ruleSentences[name];
    if (sentence !== undefined) return sentence;
  }
  return undefined;
}
