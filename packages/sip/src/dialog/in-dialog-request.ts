import type { ClientEvent } from '../transaction/client-machine.ts';
import type { Hop } from '../transaction/client-transactions.ts';
import { type AuthorizationFields, answerChallenge } from './challenge.ts';
import type { DialogsOptions, RequestFailure } from './dialog.types.ts';
import type { LegCore } from './leg-core.ts';
import { ClientPort } from './ports.ts';

/** Where the requests of one dialog go. */
export interface DialogPath {
  /** The hop that carried the INVITE; replaced when its stream had to be opened again. */
  pinned: Hop;
  /** URI of the first Route entry, else the remote target. */
  nextUri(): string;
}

export interface InDialogRequest {
  readonly method: string;
  readonly body: Uint8Array | undefined;
  /** Request-URI, for the digest. */
  uri(): string;
  /** Has sip.js send it, inside `enter`: each time a request of its own, with the next CSeq. */
  send(authorization: AuthorizationFields): void;
  done(failure: RequestFailure | undefined): void;
}

/** A stream that failed, or a datagram flow that the edge does not have: the line is at another edge than the dialog was. */
const isGone = ({ reliable }: Hop, { failure }: Extract<ClientEvent, { type: 'transport' }>): boolean =>
  reliable || failure.reason === 'closed';

/** Finds the way of an in-dialog request, at once unless a flow must be opened. @source redundancy reference section 6.5, RED-122, RED-123 */
export function findHop(options: DialogsOptions, path: DialogPath, use: (hop: Hop) => void, fail: () => void): void {
  if (options.openHop === undefined) return use(path.pinned);
  options.openHop(path.nextUri()).then(use, fail);
}

/**
 * Sends a request of a dialog: on the dialog's hop, challenges answered there (D-44), a lost flow opened again once; never anywhere else.
 * @source redundancy reference section 6.5
 */
export function sendInDialog(core: LegCore, options: DialogsOptions, path: DialogPath, request: InDialogRequest): void {
  const release = core.hold();
  let challenges = 0;
  let reopened = false;

  let finished = false;
  const finish = (failure: RequestFailure | undefined): void => {
    // A repeated 2xx is told again; its ACK is repeated below.
    if (finished) return;
    finished = true;
    release();
    request.done(failure);
  };
  const lost = (): void => finish({ type: 'transport' });

  function transmit(hop: Hop, authorization: AuthorizationFields): void {
    const port = new ClientPort(core, options.layer, hop, (event) => hear(hop, event));
    const entered = core.enter(port, () => {
      request.send(authorization);
      return true;
    });
    if (entered !== true) lost();
  }

  function hear(hop: Hop, event: ClientEvent): void {
    if (event.type === 'provisional') return;
    if (event.type === 'no-response') return finish({ type: 'no-response' });
    if (event.type === 'transport') return isGone(hop, event) && !reopened ? reopen(hop) : lost();
    const { response } = event;
    if (response.status < 300) return finish(undefined);
    const { method, body } = request;
    const answer = answerChallenge(options, challenges, response, { method, uri: request.uri(), body });
    if (answer === undefined) return finish({ type: 'final', status: response.status, response });
    challenges += 1;
    transmit(hop, answer);
  }

  function reopen(hop: Hop): void {
    reopened = true;
    const again = (fresh: Hop): void => {
      if (path.pinned === hop) path.pinned = fresh;
      begin(fresh);
    };
    options.reopenHop(hop).then(again, lost);
  }

  const begin = (hop: Hop): void => transmit(hop, options.credentials.preemptive(request.method, request.uri(), request.body));

  findHop(options, path, begin, lost);
}
