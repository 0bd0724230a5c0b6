import { type Ambient, type Bus, BusError, encodeJson, readSubject, readToken } from '@offhook/core';

/** A subject that a service answers on. */
export interface ServiceEndpoint<Name extends string = string> {
  readonly name: Name;
  readonly subject: string;
  /** Who shares its requests; without it every member gets each. */
  readonly queue?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface ServiceOptions<Name extends string = string> {
  /** Kind of the service, the same for all of its kind: letters, digits, `-` and `_`. */
  readonly name: string;
  /** Of this member; one token, unique among its kind. */
  readonly id: string;
  /** SemVer. */
  readonly version: string;
  readonly description?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly endpoints?: readonly ServiceEndpoint<Name>[];
  readonly ambient: Pick<Ambient, 'now'>;
}

/** A service that can be found: `nats service list`, `info`, `stats`. */
export interface Service<Name extends string = string> {
  /** A request was handled in that time, ms, and with that error if any. */
  note(endpoint: Name, ms: number, error?: string): void;
  /** Answers what is queued, then is found no more. */
  stop(): Promise<void>;
}

const kind = /^[A-Za-z0-9_-]+$/;
/** @source semver.org, without leading zeros */
const semver = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/;

function assertOptions({ name, id, version, endpoints = [] }: ServiceOptions): void {
  const refuse = (what: string, seen: string, allowed: string): never => {
    throw new BusError('E_BUS_SUBJECT', `${what} of a service ${JSON.stringify(seen.slice(0, 80))}; expected ${allowed}`);
  };
  if (!kind.test(name)) refuse('name', name, 'letters, digits, "-" and "_"');
  if (!semver.test(version)) refuse('version', version, 'SemVer such as 1.2.3');
  readToken(id);
  for (const { subject } of endpoints) readSubject(subject);
}

/** What one endpoint has done so far. */
class Tally {
  #requests = 0;
  #errors = 0;
  #lastError = '';
  #ms = 0;

  note(ms: number, error: string | undefined): void {
    this.#requests++;
    this.#ms += ms;
    if (error === undefined) return;
    this.#errors++;
    this.#lastError = error;
  }

  report() {
    const nanoseconds = Math.round(this.#ms * 1_000_000);
    return {
      num_requests: this.#requests,
      num_errors: this.#errors,
      last_error: this.#lastError,
      processing_time: nanoseconds,
      average_processing_time: this.#requests === 0 ? 0 : Math.trunc(nanoseconds / this.#requests),
    };
  }
}

/**
 * Makes a member of a cluster visible to the tools of NATS: it answers PING, INFO and STATS to all, to its kind and to itself. It handles no
 * request: whoever does notes what came of it.
 * @source NATS ADR-32 (Service API)
 * @throws BusError `E_BUS_SUBJECT` where name, id, version or a subject is none
 */
export function announceService<Name extends string = never>(bus: Bus, options: ServiceOptions<Name>): Service<Name> {
  assertOptions(options);
  const { name, id, version, description = '', metadata = {}, endpoints = [], ambient } = options;
  const started = new Date(ambient.now()).toISOString();
  const tallies = new Map(endpoints.map((endpoint) => [endpoint.name, new Tally()] as const));
  const standard = (verb: string) => ({ type: `io.nats.micro.v1.${verb}_response`, name, id, version, metadata });
  const where = (endpoint: ServiceEndpoint) => ({
    name: endpoint.name,
    subject: endpoint.subject,
    queue_group: endpoint.queue ?? '',
  });
  const answers: Readonly<Record<string, () => object>> = {
    PING: () => standard('ping'),
    INFO: () => ({
      ...standard('info'),
      description,
      endpoints: endpoints.map((endpoint) => ({ ...where(endpoint), metadata: endpoint.metadata ?? {} })),
    }),
    STATS: () => ({
      ...standard('stats'),
      started,
      endpoints: endpoints.map((endpoint) => ({ ...where(endpoint), ...tallies.get(endpoint.name)?.report() })),
    }),
  };
  const subscriptions = Object.entries(answers).flatMap(([verb, answer]) =>
    [`$SRV.${verb}`, `$SRV.${verb}.${name}`, `$SRV.${verb}.${name}.${id}`].map((subject) =>
      bus.subscribe(subject, (request) => request.respond(encodeJson(answer()))),
    ),
  );
  return {
    note: (endpoint, ms, error) => tallies.get(endpoint)?.note(ms, error),
    async stop() {
      await Promise.all(subscriptions.map((subscription) => subscription.drain()));
    },
  };
}
