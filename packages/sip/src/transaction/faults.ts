/** What the layer counts beside the faults of the parser. Constant names, for counters. */
export type LayerFault =
  /** A response to no transaction of ours. */
  | 'stray-response'
  /** The ACK of a 2xx, and nobody listens for it. */
  | 'stray-ack'
  /** A response with a branch of ours under a name that is not ours. @source RFC 3261 section 18.1.2 */
  | 'foreign-sent-by'
  /** A response with more than one Via: meant for somebody else. @source RFC 3261 section 8.1.3.3 */
  | 'misrouted-response'
  /** A copy of a request that came another way; answered 482. @source RFC 3261 section 8.2.2.2 */
  | 'merged-request'
  /** A request above the limit; answered 503. */
  | 'too-many-transactions'
  /** One fork too many of an INVITE given up; not hung up. */
  | 'too-many-forks'
  /** A refused request out of which no response can be made. */
  | 'unanswerable'
  /** `send` threw. */
  | 'send-failed';
