import { z } from 'zod';
import type { CallFacts } from '../contracts/call-store.ts';
import type { LegFacts } from '../contracts/line-store.ts';
import { sameAs } from './same-as.ts';
import { endpointSchema, flowSchema, instantSchema, legSchema, protocolSchema, serverSchema } from './shared-schemas.ts';

/* What stores keep of lines, as schemas: whoever reads it finds what another process, or another release, has written. */

export const legFactsSchema = sameAs<LegFacts>()(
  z.object({
    callId: z.string(),
    fromTag: z.string(),
    cseq: z.number(),
    expiresAtMs: instantSchema('End of the binding'),
    refreshAtMs: instantSchema('When the binding is due for its refresh; 0: at once'),
    aor: z.string(),
    server: serverSchema,
    contact: z.string(),
    heldSinceMs: instantSchema('Of a ranked list: since when that server holds the registration').exactOptional(),
    edge: z.string().exactOptional(),
    flow: z.string().exactOptional(),
    edgeLife: z.string().exactOptional(),
  }),
);

const dialogSchema = z.object({
  callId: z.string(),
  localTag: z.string(),
  remoteTag: z.string(),
  localUri: z.string(),
  remoteUri: z.string(),
  remoteTarget: z.string(),
  routeSet: z.array(z.string()),
  localSeq: z.number(),
  remoteSeq: z.number().exactOptional(),
});

const hopSchema = z.object({
  flow: flowSchema,
  protocol: protocolSchema,
  reliable: z.boolean(),
  viaSentBy: z.string(),
  contactHostPort: z.string(),
  localHost: z.string(),
});

const inviteSchema = z.object({ head: z.string(), isProceeding: z.boolean(), remote: endpointSchema.exactOptional() });

export const callFactsSchema = sameAs<CallFacts>()(
  z.object({
    call: z.string(),
    direction: z.enum(['outgoing', 'incoming']),
    state: z.string(),
    leg: legSchema,
    server: serverSchema,
    edge: z.string(),
    hop: hopSchema,
    sessionId: z.number(),
    sdpVersion: z.number(),
    codec: z.string().exactOptional(),
    dialog: dialogSchema.exactOptional(),
    invite: inviteSchema.exactOptional(),
  }),
);
