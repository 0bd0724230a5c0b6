import { PhoneError } from '../errors.ts';
import type { ConformanceCase } from './kit.ts';
import { onStage, type Scene, type TransportSubject } from './transport-subject.ts';

/** What a transport offers; a case that needs something else does not apply, its opposite does. */
export type TransportTrait = 'datagram' | 'stream' | 'per-owner' | 'shared' | 'gives-up' | 'waits';

export type TransportCase = ConformanceCase<TransportSubject>;

export const transportCase = (
  name: string,
  source: string,
  needs: readonly TransportTrait[],
  play: (scene: Scene, subject: TransportSubject) => Promise<void>,
): TransportCase => ({ name, source, needs, run: (subject) => onStage(subject, (scene) => play(scene, subject)) });

/** The code of the error a promise rejects with; undefined when it resolves. */
export async function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return error instanceof PhoneError ? error.code : String(error);
  }
}

/** Every byte value four times. */
export const everyByte = Uint8Array.from({ length: 1_024 }, (_, i) => i % 256);
