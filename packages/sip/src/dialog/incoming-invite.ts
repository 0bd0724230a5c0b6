import type { DialogFacts, Endpoint } from '@offhook/core';
import type { IncomingInviteRequest } from 'sip.js/lib/core/index.js';
import type { HeaderFields, SipRequest } from '../codec/message.ts';
import type { ServerTransaction } from '../transaction/server-transactions.ts';
import type { DialogsOptions, IncomingInvite, Session } from './dialog.types.ts';
import { readSdp } from './incoming-message.ts';
import type { LegCore } from './leg-core.ts';
import { joinField } from './line-request.ts';
import type { ServerPort } from './ports.ts';
import { calleeFacts, headOf } from './restored-dialog.ts';
import { DialogSession, sdpBody } from './session.ts';

/** An INVITE from the network, until it is answered. */
export class ServerInvite implements IncomingInvite {
  readonly request: SipRequest;
  readonly offer: string | undefined;
  readonly remote: Endpoint;
  private readonly toTag: string;
  onCancelled?: () => void;
  private readonly core: LegCore;
  private readonly options: DialogsOptions;
  private readonly port: ServerPort;
  private readonly uas: IncomingInviteRequest;
  private isOver = false;

  constructor(core: LegCore, options: DialogsOptions, server: ServerTransaction, port: ServerPort, uas: IncomingInviteRequest) {
    this.core = core;
    this.options = options;
    this.port = port;
    this.uas = uas;
    this.request = server.request;
    this.offer = readSdp(server.request);
    this.remote = server.inbound.remote;
    this.toTag = server.toTag;
    // All our responses carry one To tag, and those of the layer (to a CANCEL) the same. @source RFC 3261 section 9.2
    Object.assign(uas, { toTag: this.toTag });
    server.onCancelled = () => this.giveUp();
    server.onFlowFailed = () => this.giveUp();
  }

  get head(): string {
    return headOf(this.request);
  }

  dialog(): DialogFacts {
    return calleeFacts(this.request, this.toTag);
  }

  progress(statusCode: number): void {
    if (this.isOver) return;
    const response = this.core.enter(this.port, () => this.uas.progress({ statusCode }));
    if (response === undefined) return;
    // RFC 3261 section 15: a caller may also give up with a BYE in the early dialog.
    response.session.delegate = {
      onBye: (request) => {
        request.accept();
        this.core.later(() => this.giveUp());
      },
    };
  }

  accept(sdp: string): Session | undefined {
    if (this.isOver) return undefined;
    const { core, options, port, uas } = this;
    const response = core.enter(port, () => uas.accept({ statusCode: 200, body: sdpBody(sdp) }));
    if (response === undefined) this.reject(500);
    this.isOver = true;
    return response && new DialogSession(core, options, response.session, port.hop);
  }

  reject(statusCode: number, headers: HeaderFields = []): void {
    if (this.isOver) return;
    this.isOver = true;
    this.core.enter(this.port, () => this.uas.reject({ statusCode, extraHeaders: headers.map(joinField) }));
  }

  private giveUp(): void {
    if (this.isOver) return;
    this.reject(487);
    this.onCancelled?.();
  }
}
