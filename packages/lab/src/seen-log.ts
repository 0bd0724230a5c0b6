import type { Ambient, Inbound, Protocol } from '@offhook/core';
import { readDeltaSeconds, readSipUri, type SipRequest, type Verdict } from '@offhook/sip';
import type { SeenFilter, SeenRequest } from './registrar.types.ts';
import type { Served } from './registrar-server.ts';

/** The requests one registrar saw. */
export interface SeenLog {
  add(request: SipRequest, inbound: Inbound, protocol: Protocol): void;
  authenticated(request: SipRequest, verdict: Verdict): void;
  answered(served: Served, status: number): void;
  find(filter?: SeenFilter): readonly SeenRequest[];
  /** Empties the log; repetitions of what it held count as new. */
  forget(): void;
}

type Entry = { -readonly [Field in keyof SeenRequest]: SeenRequest[Field] };

const keyOf = ({ via, method }: SipRequest): string => `${via.branch}|${via.host}|${via.port}|${method}`;

export function createSeenLog(ambient: Pick<Ambient, 'now'>): SeenLog {
  const entries: Entry[] = [];
  /** The latest entry of each request, repetitions being the same request. */
  const latest = new Map<string, Entry>();

  return {
    add(request, { remote }, protocol) {
      const key = keyOf(request);
      const contact = request.contacts[0];
      const entry: Entry = {
        atMs: ambient.now(),
        method: request.method,
        uri: request.uri,
        callId: request.callId,
        cseq: request.cseq.number,
        user: readSipUri(request.from.uri)?.user ?? '',
        expiresS: readDeltaSeconds(contact?.params.get('expires')) ?? readDeltaSeconds(request.header('Expires')),
        contact: contact?.uri,
        protocol,
        remote,
        auth: latest.get(key)?.auth ?? 'none',
        repeated: latest.has(key),
        status: latest.get(key)?.status,
        request,
      };
      entries.push(entry);
      latest.set(key, entry);
    },
    authenticated(request, verdict) {
      const entry = latest.get(keyOf(request));
      if (entry !== undefined) entry.auth = verdict;
    },
    answered({ request }, status) {
      const entry = latest.get(keyOf(request));
      if (entry !== undefined) entry.status = status;
    },
    find: ({ method, user, sinceMs = Number.NEGATIVE_INFINITY, repeated, callId } = {}) =>
      entries.filter(
        (entry) =>
          entry.atMs >= sinceMs &&
          (method === undefined || entry.method === method) &&
          (user === undefined || entry.user === user) &&
          (repeated === undefined || entry.repeated === repeated) &&
          (callId === undefined || entry.callId === callId),
      ),
    forget() {
      entries.length = 0;
      latest.clear();
    },
  };
}
