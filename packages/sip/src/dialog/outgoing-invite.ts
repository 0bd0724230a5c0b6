import type { AckableIncomingResponseWithSession } from 'sip.js/lib/core/messages/methods/invite.js';
import type { SipResponse } from '../codec/message.ts';
import { readSipUri } from '../codec/sip-uri.ts';
import { isRequestUri } from '../codec/start-line.ts';
import type { ClientEvent } from '../transaction/client-machine.ts';
import { type AuthorizationFields, answerChallenge } from './challenge.ts';
import type { DialogsOptions, InviteEvent, InviteRequest, OutgoingInvite, RequestFailure } from './dialog.types.ts';
import { findHop } from './in-dialog-request.ts';
import { readSdp } from './incoming-message.ts';
import type { LegCore } from './leg-core.ts';
import { joinField } from './line-request.ts';
import { ClientPort } from './ports.ts';
import { headOf } from './restored-dialog.ts';
import { DialogSession, sdpBody, sdpOf } from './session.ts';
import { TextUri } from './text-uri.ts';

/** An INVITE of ours on one hop, through challenges and redirections, until it is accepted or has failed. */
export class ClientInvite implements OutgoingInvite {
  private readonly core: LegCore;
  private readonly options: DialogsOptions;
  private readonly request: InviteRequest;
  private readonly listener: (event: InviteEvent) => void;
  private readonly release: () => void;
  private uri: string;
  private number: number;
  private port: ClientPort | undefined = undefined;
  private challenges = 0;
  private redirections = 0;
  private isCancelled = false;
  private isOver = false;
  /** Dialogs that 2xx responses made. */
  private accepts = 0;

  constructor(core: LegCore, options: DialogsOptions, request: InviteRequest, listener: (event: InviteEvent) => void) {
    this.core = core;
    this.options = options;
    this.request = request;
    this.listener = listener;
    this.uri = request.uri;
    this.number = request.cseq;
    this.release = core.hold();
    this.transmit(options.credentials.preemptive('INVITE', this.uri, this.body));
  }

  get cseq(): number {
    return this.number;
  }

  cancel(): void {
    if (this.isOver) return;
    this.isCancelled = true;
    this.port?.cancel();
  }

  private get body(): Uint8Array {
    return Buffer.from(this.request.offer);
  }

  private transmit(authorization: AuthorizationFields): void {
    const { core, options, request } = this;
    const port = new ClientPort(core, options.layer, request.hop, (event) => this.hear(event));
    this.port = port;
    if (request.onSent !== undefined) port.onSent = (sent) => request.onSent?.(headOf(sent));
    const fields = [
      ['Contact', `<${options.contact(request.hop)}>`] as const,
      ['Allow', options.allow] as const,
      ...request.headers,
      ...authorization,
    ];
    const started = core.enter(port, (sipjs) => {
      const message = sipjs.makeOutgoingRequestMessage(
        'INVITE',
        new TextUri(this.uri),
        new TextUri(options.identity.uri),
        new TextUri(request.uri),
        { callId: request.callId, fromTag: request.fromTag, cseq: this.number, routeSet: [...options.routes] },
        fields.map(joinField),
        sdpBody(request.offer),
      );
      return sipjs.invite(message, { onAccept: (response) => core.later(() => this.accepted(port, response)) });
    });
    if (started === undefined) options.ambient.defer(() => this.fail({ type: 'transport' }));
  }

  private hear(event: ClientEvent): void {
    if (event.type === 'provisional') {
      const { response } = event;
      if (!this.isOver) this.listener({ type: 'progress', status: response.status, ...sdpOf(readSdp(response) ?? '') });
    } else if (event.type === 'final') {
      this.hearFinal(event.response);
    } else {
      this.fail({ type: event.type });
    }
  }

  private hearFinal(response: SipResponse): void {
    const { status } = response;
    if (status < 300) {
      this.options.credentials.learn(response);
      if (this.accepts > 0) return;
      // sip.js made no dialog of it: no To tag. It can be neither acknowledged nor hung up.
      this.port?.abandon();
      return this.fail({ type: 'final', status: 502, response }, true);
    }
    if (this.isCancelled) return this.fail({ type: 'final', status, response });
    const request = { method: 'INVITE', uri: this.uri, body: this.body };
    const answer = answerChallenge(this.options, this.challenges, response, request);
    if (answer !== undefined) {
      this.challenges += 1;
      return this.again(status, answer);
    }
    const isFollowed = (uri: string): boolean => isRequestUri(uri) && readSipUri(uri)?.scheme.startsWith('sip') === true;
    const target = status < 400 ? response.contacts.find(({ uri }) => isFollowed(uri))?.uri : undefined;
    if (target === undefined) return this.fail({ type: 'final', status, response });
    if (this.redirections >= this.options.maxRedirections) return this.fail({ type: 'final', status, response }, true);
    this.redirections += 1;
    this.uri = target;
    this.challenges = 0;
    this.again(status, this.options.credentials.preemptive('INVITE', target, this.body));
  }

  /** The same call once more, on the same hop (D-44): next CSeq, new branch. @source RFC 3261 sections 8.1.3.4, 22.2 */
  private again(status: number, authorization: AuthorizationFields): void {
    this.number += 1;
    this.request.onAgain?.(status);
    this.transmit(authorization);
  }

  /** A 2xx has made a dialog: the first is the call, any other is acknowledged and hung up. @source RFC 3261 section 13.2.2.4 */
  private accepted(port: ClientPort, response: AckableIncomingResponseWithSession): void {
    const { core, options, request } = this;
    this.accepts += 1;
    const isWanted = this.accepts === 1 && !this.isCancelled && !this.isOver;
    const session = new DialogSession(core, options, response.session, request.hop);
    const release = core.hold();
    const acknowledge = (hop = request.hop): void => {
      port.sendAckBy(hop);
      core.enter(new ClientPort(core, options.layer, hop, () => {}), () => response.ack());
      release();
      if (!isWanted) session.bye();
    };
    findHop(options, session.path, acknowledge, acknowledge);
    if (!isWanted) return this.fail({ type: 'final', status: 487 });
    this.settle();
    this.listener({ type: 'accepted', session, ...sdpOf(response.message.body) });
  }

  private fail(failure: RequestFailure, isFinal = false): void {
    if (this.isOver) return;
    this.settle();
    this.listener({ type: 'failed', failure, isFinal });
  }

  private settle(): void {
    this.isOver = true;
    this.release();
  }
}
