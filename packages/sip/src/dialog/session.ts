import type { DialogFacts, Timer } from '@offhook/core';
import {
  type Body,
  type DialogState,
  type IncomingInviteRequest,
  type IncomingResponseMessage,
  NameAddrHeader,
  type SessionDialog,
  SessionState,
  type Session as SipSession,
} from 'sip.js/lib/core/index.js';
import type { HeaderFields } from '../codec/message.ts';
import { readNameAddr } from '../codec/name-addr.ts';
import type { Hop } from '../transaction/client-transactions.ts';
import type { DialogsOptions, OfferReply, ReinviteResult, RequestFailure, Session, SessionEvent } from './dialog.types.ts';
import { type DialogPath, findHop, sendInDialog } from './in-dialog-request.ts';
import type { LegCore } from './leg-core.ts';
import { joinField } from './line-request.ts';
import { ClientPort } from './ports.ts';
import { factsOf } from './restored-dialog.ts';

/** A session description as sip.js takes it. */
export const sdpBody = (content: string): Body => ({ contentDisposition: 'session', contentType: 'application/sdp', content });

/** `{ sdp }`, or nothing for an empty body. */
export const sdpOf = (body: string): { readonly sdp?: string } => (body === '' ? {} : { sdp: body });

export class DialogSession implements Session {
  readonly callId: string;
  readonly remoteUri: string;
  readonly path: DialogPath;
  onEvent?: (event: SessionEvent) => void;
  onChange?: () => void;
  private readonly core: LegCore;
  private readonly options: DialogsOptions;
  private readonly dialog: SipSession;
  private over = false;
  private byeDue = false;
  private ackTimer: Timer | undefined = undefined;

  constructor(core: LegCore, options: DialogsOptions, dialog: SipSession, pinned: Hop) {
    this.core = core;
    this.options = options;
    this.dialog = dialog;
    this.callId = dialog.callId;
    this.remoteUri = dialog.remoteURI.toRaw();
    const { routeSet } = dialog as SessionDialog;
    this.path = {
      pinned,
      nextUri: () => readNameAddr(routeSet[0] ?? '')?.uri ?? dialog.remoteTarget.toRaw(),
    };
    dialog.delegate = {
      onAck: ({ message }) => core.later(() => this.acked(message.body)),
      onAckTimeout: () => core.later(() => this.lose('no-ack')),
      onBye: (request) => {
        request.accept();
        core.later(() => this.ended({ type: 'bye' }));
      },
      onInvite: (request) => core.later(() => this.offered(request)),
    };
  }

  facts(): DialogFacts {
    return factsOf(this.dialog as SessionDialog);
  }

  /** The 2xx that made this dialog under its earlier owner is repeated: the ACK has been lost. @source RFC 3261 section 13.2.2.4 */
  acknowledge(cseq: number): void {
    const { core, options, dialog, path } = this;
    const send = (hop: Hop): void => {
      const port = new ClientPort(core, options.layer, hop, () => {});
      core.enter(port, () => {
        const ack = (dialog as SessionDialog).createOutgoingRequestMessage('ACK', { cseq });
        ack.setViaHeader('', '');
        return port.send(ack.toString());
      });
    };
    findHop(options, path, send, () => {});
  }

  bye(): void {
    if (this.over) return;
    this.finish();
    // RFC 3261 section 15: a callee says no BYE before it has the ACK, or has given up waiting for it.
    if (this.dialog.sessionState === SessionState.AckWait) this.byeDue = true;
    else this.sendBye();
  }

  reinvite(sdp: string, headers: HeaderFields, done: (result: ReinviteResult) => void): void {
    const { core, options, dialog, path } = this;
    const isReady =
      dialog.sessionState === SessionState.Confirmed && (dialog as SessionDialog).reinviteUserAgentClient === undefined;
    if (this.over || !isReady || (dialog as SessionDialog).reinviteUserAgentServer !== undefined) {
      return done({ ok: false, failure: { type: 'pending' } });
    }
    const contact = ['Contact', `<${options.contact(path.pinned)}>`] as const;
    let answer = '';
    const changed = (): void => this.onChange?.();
    sendInDialog(core, options, path, {
      method: 'INVITE',
      body: Buffer.from(sdp),
      uri: () => dialog.remoteTarget.toRaw(),
      send(authorization) {
        const extraHeaders = [contact, ...headers, ...authorization].map(joinField);
        const onAccept: NonNullable<Parameters<SipSession['invite']>[0]>['onAccept'] = (response) => {
          answer = response.message.body;
          refreshTarget(dialog, response.message);
          response.ack();
        };
        dialog.invite({ onAccept }, { extraHeaders, body: sdpBody(sdp) });
        core.later(changed);
      },
      done: (failure) => {
        if (failure === undefined) return done({ ok: true, ...sdpOf(answer) });
        done({ ok: false, failure });
        if (isDialogGone(failure)) this.lose('reinvite');
      },
    });
  }

  private acked(body: string): void {
    this.options.ambient.clearTimer(this.ackTimer);
    if (this.byeDue) this.sendBye();
    else this.onEvent?.({ type: 'acked', ...sdpOf(body) });
  }

  private offered(request: IncomingInviteRequest): void {
    const { core, options } = this;
    let answered = false;
    const respond = (reply: OfferReply): void => {
      if (answered) return;
      answered = true;
      core.later(() => this.onChange?.());
      core.enter(undefined, () => {
        if ('status' in reply) return void request.reject({ statusCode: reply.status });
        const contact = joinField(['Contact', `<${options.contact(this.path.pinned)}>`]);
        request.accept({ statusCode: 200, body: sdpBody(reply.sdp), extraHeaders: [contact] });
        // sip.js repeats this 2xx, but has no idea what to do when its ACK never comes.
        this.ackTimer = options.ambient.setTimer(() => this.lose('no-ack'), 64 * options.timers.t1Ms);
      });
    };
    if (this.onEvent === undefined) return respond({ status: 488 });
    this.onEvent({ type: 'offer', sdp: request.message.body === '' ? undefined : request.message.body, respond });
  }

  /** Says BYE, if nobody has, and tells it. */
  private lose(reason: 'no-ack' | 'reinvite'): void {
    if (this.byeDue) return this.sendBye();
    if (this.over) return;
    this.sendBye();
    this.ended({ type: 'lost', reason });
  }

  private ended(event: SessionEvent): void {
    if (this.over) return;
    const { onEvent } = this;
    this.finish();
    onEvent?.(event);
  }

  private finish(): void {
    this.over = true;
    this.options.ambient.clearTimer(this.ackTimer);
  }

  private sendBye(): void {
    this.byeDue = false;
    const { core, options, dialog, path } = this;
    sendInDialog(core, options, path, {
      method: 'BYE',
      body: undefined,
      uri: () => dialog.remoteTarget.toRaw(),
      send: (authorization) => void dialog.bye(undefined, { extraHeaders: authorization.map(joinField) }),
      done: () => {},
    });
  }
}

/** The Contact of a 2xx to a re-INVITE is the new remote target; sip.js looks at that of requests only. @source RFC 3261 section 12.2.1.2 */
function refreshTarget(dialog: SipSession, response: IncomingResponseMessage): void {
  const contact: unknown = response.hasHeader('contact') ? response.parseHeader('contact') : undefined;
  if (!(contact instanceof NameAddrHeader)) return;
  const { dialogState } = dialog as unknown as { readonly dialogState: DialogState };
  dialogState.remoteTarget = contact.uri;
}

/** @source RFC 3261 section 12.2.1.2 */
function isDialogGone(failure: RequestFailure): boolean {
  return failure.type === 'no-response' || (failure.type === 'final' && (failure.status === 408 || failure.status === 481));
}
