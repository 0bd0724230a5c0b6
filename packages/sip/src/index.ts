// codec

export { buildRequest, buildResponse } from './codec/build-message.ts';
export { type RetryAfter, readDate, readDeltaSeconds, readQ, readRetryAfter } from './codec/field-values.ts';
export { createFramer, type Framer, type FramerEvent, type FramerLimits } from './codec/framer.ts';
export { assertHeaderValue } from './codec/header-value.ts';
export { type CodecLimits, defaultLimits } from './codec/limits.ts';
export type {
  HeaderFields,
  NameAddr,
  RequestDraft,
  ResponseDraft,
  SipFault,
  SipMessage,
  SipRequest,
  SipResponse,
  Via,
} from './codec/message.ts';
export { type MessageCounts, type MessageSummary, messageSummaryType, readMessageSummary } from './codec/message-summary.ts';
export { formatNameAddr, readNameAddr } from './codec/name-addr.ts';
export { parseMessage } from './codec/parse-message.ts';
export { reasonPhrase } from './codec/reason-phrase.ts';
export { formatSipUri, isLooseRoute, readSipUri, type SipUri, uriLine, uriTransport } from './codec/sip-uri.ts';
export { readEventPackage, readSubscriptionState, type SubscriptionState } from './codec/subscription-state.ts';
export { readVia, stampVia } from './codec/via.ts';
export type {
  Dialogs,
  DialogsOptions,
  IncomingInvite,
  InviteEvent,
  InviteRequest,
  OfferReply,
  OutgoingInvite,
  ReinviteResult,
  RequestFailure,
  Session,
  SessionEvent,
} from './dialog/dialog.types.ts';
// dialog
export { createDialogs } from './dialog/dialogs.ts';
export { type Notice, SubscriptionDialog, type SubscriptionOptions, type Taken } from './dialog/subscription.ts';
// digest
export {
  type Authorization,
  type Challenged,
  type Credentials,
  type CredentialsOptions,
  createCredentials,
  type Unanswerable,
} from './digest/credentials.ts';
export { readDigest } from './digest/digest-header.ts';
export type { DigestAlgorithm } from './digest/hash.ts';
export {
  createDigestVerifier,
  type DigestVerifier,
  type DigestVerifierOptions,
  type Verdict,
} from './digest/verifier.ts';
// transaction
export type { ClientEvent } from './transaction/client-machine.ts';
export type { ClientListener, ClientTransaction, Hop } from './transaction/client-transactions.ts';
export type { LayerFault } from './transaction/faults.ts';
export { createTransactionLayer, type TransactionLayer, type TransactionLayerOptions } from './transaction/layer.ts';
export type { ServerTransaction } from './transaction/server-transactions.ts';
export { defaultSipTimers, type SipTimers } from './transaction/timing.ts';
