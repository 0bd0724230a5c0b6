/** What one message may cost us. */
export interface CodecLimits {
  /** Whole message in bytes; above it a request is answered 413. */
  readonly maxBytes: number;
  /** Header field lines; above it a request is answered 400. */
  readonly maxHeaders: number;
}

/** 64 KB is the largest datagram; 256 header lines are five times the longest message seen in the field. */
export const defaultLimits: CodecLimits = { maxBytes: 65_536, maxHeaders: 256 };
