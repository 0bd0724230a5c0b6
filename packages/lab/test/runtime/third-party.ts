import type { Aspect, LineConfig, LineFacts, Mechanism, RouteEvent, RouteVerdict } from '@offhook/core';

export interface ThirdParty extends Mechanism {
  /** What it was asked, in order. */
  readonly asked: readonly RouteEvent[];
  /** From now on `decide` throws. */
  break(): void;
}

export interface ThirdPartyShape {
  readonly name: string;
  readonly title?: string;
  /** Claimed, all exclusively, on lines that ask for it by name. */
  readonly aspects: readonly Aspect[];
  /** What it says; sends everything to the primary unless told. */
  readonly decide?: (facts: LineFacts, event: RouteEvent) => RouteVerdict;
}

const sendToPrimary = (name: string): RouteVerdict => ({
  next: 'send',
  leg: 'primary',
  rule: `${name}:always`,
  source: `manual of ${name}`,
});

/** A mechanism as somebody else would bring it. */
export function createThirdParty({ name, title = name, aspects, decide }: ThirdPartyShape): ThirdParty {
  const asked: RouteEvent[] = [];
  let isBroken = false;
  return {
    manifest: Object.freeze({
      name,
      kind: 'mechanism',
      api: 1,
      title,
      claims: ({ ext }: LineConfig) =>
        ext.xMechanism === name
          ? aspects.map((aspect) => ({
              aspect,
              hold: 'exclusive' as const,
              because: `${title} rules ${aspect} by itself (manual of ${name})`,
              remedy: 'Set X Mechanism to auto.',
              parameter: 'xMechanism' as const,
            }))
          : [],
    }),
    decide(facts, event) {
      asked.push(event);
      if (isBroken) throw new Error(`${name} is broken`);
      return decide?.(facts, event) ?? sendToPrimary(name);
    },
    asked,
    break() {
      isBroken = true;
    },
  };
}
