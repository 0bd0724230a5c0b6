/** What reaches the line chart. */
export type LineEvent =
  | { readonly type: 'line.start' }
  | { readonly type: 'line.restart' }
  | { readonly type: 'line.stop' }
  /** Bound, usable or off changed on a leg; what holds now is read through effects. */
  | { readonly type: 'legs.changed' };

export interface LineEffects {
  mode(): 'disabled' | 'single' | 'dual';
  /** Register = Yes. */
  registers(): boolean;
  primaryUsable(): boolean;
  alternateUsable(): boolean;
  /** Every leg is off: nothing is registered and nothing on its way. */
  legsOff(): boolean;
  startLegs(): void;
  stopLegs(): void;
  /** Sends `line.start` once this transition is over. */
  startAgain(): void;
  endCalls(): void;
  /** Requests that waited for a registration are routed again. */
  releaseQueue(): void;
  /** Requests that waited are answered 480. */
  refuseQueue(): void;
  decided(rule: string, source: string, action: string): void;
}

export interface LineContext {
  readonly effects: LineEffects;
}
