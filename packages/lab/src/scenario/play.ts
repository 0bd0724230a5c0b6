import type { Mechanism, RuntimeConfig } from '@offhook/core';
import type { LineStatus, LoadedPlugins } from '@offhook/runtime';
import { runUntil } from '../run-until.ts';
import { createPerformer } from './perform.ts';
import { createRecorder } from './recorder.ts';
import type { Scenario } from './schema.ts';
import { createStage, type Stage } from './stage.ts';
import type { Timeline, TimelineEntry } from './timeline.types.ts';

export interface PlayOptions {
  /** As it was read: nothing of it is changed but the cluster's name. */
  readonly config: RuntimeConfig;
  readonly scenario: Scenario;
  readonly mechanisms?: readonly Mechanism[];
  readonly plugins?: LoadedPlugins;
  /** Ends it early. */
  readonly interrupted?: AbortSignal;
  /** Takes entries instead of the timeline, which stays empty: for thousands of lines. */
  readonly onEntry?: (entry: TimelineEntry) => void;
  /** Looks at the stage once everything has been played, before it is torn down. Records are then kept from the beginning. */
  readonly inspect?: (stage: Stage, timeline: Timeline) => Promise<void>;
}

/** Records are turned into entries this often, so that a day needs no more memory than a minute. */
const sliceS = 60;

const lineOf = ({ id, mode, legs }: LineStatus, stage: Stage) => ({
  id,
  mode,
  legs: legs.map(({ leg, server }) => ({ leg, server: stage.network.find(server.replace(/:\d+;.*$/, ''))?.name ?? server })),
});

/**
 * Plays a script against a phone of production in virtual time: same configuration, script and seed, same timeline to the byte.
 * Steps of servers and network at 0 are in force when the phone starts. @throws RangeError (rejects) a name in the script that nobody has
 */
export async function playScenario(options: PlayOptions): Promise<Timeline> {
  const { config, scenario, interrupted, inspect, mechanisms, plugins } = options;
  const entries: TimelineEntry[] = [];
  const stage = await createStage({
    config,
    scenario,
    seed: scenario.seed,
    ...(mechanisms !== undefined && { mechanisms }),
    ...(plugins !== undefined && { plugins }),
    onDecision: (decision) => recorder.decision(decision),
    onCall(line, fact) {
      recorder.call(line, fact);
      performer.heard(line, fact);
    },
  });
  const { ambient, wire, network } = stage;
  let flushed = 0;
  let lastSeq = 0;
  const recorder = createRecorder({
    network,
    nowMs: ambient.now,
    packetsSent: () => wire.packets.at(-1)?.seq ?? lastSeq,
    lineOf: stage.lineOf,
    emit: options.onEntry ?? ((entry) => void entries.push(entry)),
  });
  const performer = createPerformer(stage, recorder);

  function flush(): void {
    recorder.flush(flushed === 0 ? wire.packets : wire.packets.slice(flushed));
    lastSeq = wire.packets.at(-1)?.seq ?? lastSeq;
    if (inspect === undefined) stage.forgetRecords();
    else flushed = wire.packets.length;
  }

  async function runTo(atS: number): Promise<void> {
    while (ambient.now() < atS * 1_000 && interrupted?.aborted !== true) {
      await ambient.run(Math.min(atS * 1_000, ambient.now() + sliceS * 1_000));
      flush();
    }
  }

  try {
    const { steps, untilS } = scenario;
    const before = steps.filter((step) => step.at === 0 && performer.isBeforeBoot(step));
    for (const step of before) await performer.perform(step);
    await runUntil(ambient, stage.boot());
    await ambient.settle();
    flush();
    const lines = (stage.runtime?.lines() ?? []).map((line) => lineOf(line, stage));
    for (const step of steps) {
      if (before.includes(step) || step.at > untilS) continue;
      await runTo(step.at);
      await performer.perform(step);
      await ambient.settle();
    }
    await runTo(untilS);
    flush();
    performer.stop();
    const servers = network.servers.map(({ name, host, address }) => ({ name, host, address }));
    const timeline = { untilS: ambient.now() / 1_000, seed: scenario.seed, servers, lines, entries };
    await inspect?.(stage, timeline);
    return timeline;
  } finally {
    await stage.stop();
  }
}
