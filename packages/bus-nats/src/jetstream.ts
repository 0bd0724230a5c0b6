import { type Ambient, KeyValueError } from '@offhook/core';
import { type Msg, type MsgHdrs, type NatsConnection, PermissionViolationError, RequestError, TimeoutError } from 'nats';

/** Codes of JetStream that say something to us. @source nats-server, server/errors.json */
export const fault = { wrongLastSequence: 10_071, noMessage: 10_037, noStream: 10_059, nameInUse: 10_058 } as const;

/** What JetStream has refused. */
export class JetStreamFault extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

const remedies: Readonly<Record<number, string>> = {
  10023: 'free its disk or raise its JetStream limits (max_mem, max_file)',
  10039: 'give this account JetStream in the configuration of nats-server',
  10047: 'free its disk or raise max_file of its JetStream',
  10074: 'this nats-server is no cluster: ask for 1 replica',
  10076: 'start nats-server with JetStream: -js -sd DIR',
  10077: 'the bucket is full: raise max_bytes of its stream',
};

export const unavailable = (what: string, remedy: string, cause?: unknown): KeyValueError =>
  new KeyValueError('E_KV_UNAVAILABLE', `${what}; ${remedy}`, { cause });

/** What a fault is to whoever uses a bucket. */
export function readFault({ code, message }: JetStreamFault): KeyValueError {
  return unavailable(`JetStream refuses: ${message} (${code})`, remedies[code] ?? 'look into the log of nats-server');
}

const lost = ['the connection to nats-server is lost', 'start it, or look at the network'] as const;
const silent = [
  'nats-server does not answer',
  'look at its disk (make room if it is full, then restart nats-server), its load, and whether its JetStream has a leader',
] as const;
const off = ['JetStream does not answer at this nats-server', 'start it with -js -sd DIR'] as const;

export interface AskOptions {
  readonly headers?: MsgHdrs | undefined;
  /** Nobody listens there: mends that, in time, before it is asked again. */
  readonly onNobody?: (leftMs: number) => Promise<unknown>;
}

/** Between looks at a connection that is lost, or a JetStream that is not ready yet. */
const retryMs = 50;

/** Questions to JetStream over a connection, answered in time or not at all. */
export class JetStream {
  readonly connection: NatsConnection;
  readonly #ambient: Ambient;
  readonly #onBack = new Set<() => void>();
  #isConnected = true;

  constructor(connection: NatsConnection, ambient: Ambient) {
    this.connection = connection;
    this.#ambient = ambient;
    void this.#watch();
  }

  /** Calls `back` each time a lost connection is found. Answers with what ends that. */
  onBack(back: () => void): () => void {
    this.#onBack.add(back);
    return () => void this.#onBack.delete(back);
  }

  /**
   * The answer to a question. While the connection is lost nothing is sent, so that nothing arrives late; what nobody has received is sent again.
   * @throws KeyValueError (rejects) `E_KV_UNAVAILABLE`; JetStreamFault
   */
  async ask(
    subject: string,
    payload: Uint8Array,
    patienceMs: number,
    options: AskOptions = {},
  ): Promise<Record<string, unknown>> {
    const { headers, onNobody } = options;
    const endMs = this.#ambient.now() + patienceMs;
    let why: readonly [what: string, remedy: string] = silent;
    for (;;) {
      const leftMs = Math.floor(endMs - this.#ambient.now());
      if (leftMs < 1 || this.connection.isClosed()) throw unavailable(...why);
      if (this.#isConnected) {
        try {
          return readAnswer(await this.connection.request(subject, payload, { timeout: leftMs, ...(headers && { headers }) }));
        } catch (error) {
          why = this.#whyFailed(error);
          if (why === off) await onNobody?.(leftMs);
        }
      } else why = lost;
      await new Promise<void>((resolve) => void this.#ambient.setTimer(resolve, Math.min(retryMs, leftMs)));
    }
  }

  /** Asks its API with a record. */
  api(subject: string, body: object | undefined, patienceMs: number): Promise<Record<string, unknown>> {
    const payload = body === undefined ? '' : JSON.stringify(body);
    return this.ask(`$JS.API.${subject}`, new TextEncoder().encode(payload), patienceMs);
  }

  /** What to say if time runs out; throws what another attempt cannot mend. */
  #whyFailed(error: unknown): readonly [what: string, remedy: string] {
    if (error instanceof JetStreamFault) throw error;
    if (error instanceof TimeoutError) {
      const [what, remedy] = this.#isConnected ? silent : lost;
      throw unavailable(what, remedy, error);
    }
    const cause = error instanceof RequestError ? error.cause : error;
    if (cause instanceof PermissionViolationError)
      throw unavailable(
        `nats-server does not permit this user to ${cause.operation} ${cause.subject}`,
        'correct its permissions; see docs/nats.md',
        error,
      );
    return error instanceof RequestError && error.isNoResponders() ? off : lost;
  }

  async #watch(): Promise<void> {
    for await (const { type } of this.connection.status()) {
      if (type === 'disconnect') this.#isConnected = false;
      if (type !== 'reconnect') continue;
      this.#isConnected = true;
      for (const back of [...this.#onBack]) back();
    }
  }
}

function readAnswer(message: Msg): Record<string, unknown> {
  const answer = message.json<Record<string, unknown>>();
  const { error } = answer as { readonly error?: { readonly err_code?: number; readonly description?: string } };
  if (error !== undefined) throw new JetStreamFault(error.err_code ?? 0, error.description ?? 'no reason given');
  return answer;
}
