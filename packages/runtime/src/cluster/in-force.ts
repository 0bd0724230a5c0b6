import type { LineConfigDocument } from '@offhook/cluster';
import type { LineConfig } from '@offhook/core';
import type { ClusterMemberOptions, MemberStatus } from './member.ts';

/** What of the cluster's configuration is in force at one member. One that cannot be used changes nothing, and the status says why. */
export class ConfigurationInForce {
  readonly #options: Pick<ClusterMemberOptions, 'ambient' | 'readLines'>;
  readonly #use: (lines: readonly LineConfig[]) => void;
  #document: LineConfigDocument | undefined;
  #fault: string | undefined;

  /** @param use puts lines in force; what it throws keeps the former ones there */
  constructor(options: Pick<ClusterMemberOptions, 'ambient' | 'readLines'>, use: (lines: readonly LineConfig[]) => void) {
    this.#options = options;
    this.#use = use;
  }

  get isSet(): boolean {
    return this.#document !== undefined;
  }

  status(): Pick<MemberStatus, 'revision' | 'fault'> {
    return { revision: this.#document?.revision ?? 0, ...(this.#fault === undefined ? {} : { fault: this.#fault }) };
  }

  take(document: LineConfigDocument): void {
    const { readLines, ambient } = this.#options;
    try {
      // A bus that was away tells it again.
      if (this.#document?.text !== document.text) this.#use(readLines(document.text));
      this.#document = document;
      this.#fault = undefined;
    } catch (error) {
      this.#fault = `configuration ${document.revision} is not in force here: ${error instanceof Error ? error.message : String(error)}`;
      ambient.log.error('the configuration of the cluster cannot be used here; what is in force stays as it is', { error });
    }
  }
}
