import type { IncomingInviteRequest } from 'sip.js/lib/core/index.js';
import { assertHeaderValue, assertUri } from '../codec/header-value.ts';
import type { NameAddr, SipRequest } from '../codec/message.ts';
import type { ServerTransaction } from '../transaction/server-transactions.ts';
import type { Dialogs, DialogsOptions } from './dialog.types.ts';
import { ServerInvite } from './incoming-invite.ts';
import { adaptRequest, isPathTooLong } from './incoming-message.ts';
import { LegCore, self } from './leg-core.ts';
import { ClientInvite } from './outgoing-invite.ts';
import { ServerPort } from './ports.ts';
import { dialogId, RestoredDialog } from './restored-dialog.ts';
import { DialogSession } from './session.ts';

const tagOf = ({ params }: NameAddr): string => params.get('tag') ?? '';

/** The dialog of a request of the far side. */
const ownerOf = ({ callId, from, to }: SipRequest): string => dialogId({ callId, localTag: tagOf(to), remoteTag: tagOf(from) });

/** The dialogs of one leg: the one place where sip.js is at work. @source sip-stack reference section 5 */
export function createDialogs(options: DialogsOptions): Dialogs {
  const { ambient, identity, allow } = options;
  /** The request that is being handed to sip.js. */
  let receiving: { readonly server: ServerTransaction; readonly port: ServerPort } | undefined;

  const restored = new WeakMap<object, DialogSession>();
  const core = new LegCore({
    ambient,
    key: options.key,
    timers: options.timers,
    displayName: identity.displayName,
    userAgent: options.userAgent,
    maxForwards: options.maxForwards,
    contact: options.contact,
    onInvite,
    onFault(error) {
      ambient.log.warn('sip.js refused a message', { error });
      options.onFault?.(error);
    },
  });

  function onInvite(uas: IncomingInviteRequest): void {
    if (receiving === undefined) return;
    const { server, port } = receiving;
    core.later(() => options.onInvite(new ServerInvite(core, options, server, port, uas)));
  }

  /** Hands a request to sip.js. One that it chokes on is answered 400; a dialog is none the worse for it. */
  function hand(server: ServerTransaction): void {
    if (isPathTooLong(server.request)) return void server.respond({ status: 400 });
    const port = new ServerPort(core, server, options.hopOf(server.inbound), allow);
    receiving = { server, port };
    const done = core.enter(port, (sipjs) => {
      sipjs.receiveIncomingRequestFromTransport(adaptRequest(server.request, self));
      return true;
    });
    receiving = undefined;
    if (done !== true && !port.isAnswered) server.respond({ status: 400 });
  }

  return {
    invite(request, listener) {
      assertUri(request.uri, 'the target of a call');
      for (const text of [request.callId, request.fromTag, ...request.headers.flat()]) assertHeaderValue(text);
      return new ClientInvite(core, options, request, listener);
    },
    owns: (request) => core.hasDialog(ownerOf(request)),
    receive(server) {
      const { method } = server.request;
      if (method === 'INVITE' || method === 'BYE') return hand(server);
      server.respond({ status: method === 'OPTIONS' ? 200 : 405, headers: [['Allow', allow]] });
    },
    receiveAck(request) {
      if (!core.hasDialog(ownerOf(request))) return;
      core.enter(undefined, (sipjs) => sipjs.receiveIncomingRequestFromTransport(adaptRequest(request, self)));
    },
    restore(facts, hop) {
      const dialog = core.adopt((sipjs) => new RestoredDialog(sipjs, facts));
      const session = new DialogSession(core, options, dialog, hop);
      restored.set(dialog, session);
      return session;
    },
    acknowledge({ callId, from, to, cseq }) {
      const dialog = core.dialog(dialogId({ callId, localTag: tagOf(from), remoteTag: tagOf(to) }));
      const session = dialog && restored.get(dialog);
      session?.acknowledge(cseq.number);
      return session !== undefined;
    },
    get isIdle() {
      return core.isIdle;
    },
    dispose: () => core.dispose(),
  };
}
