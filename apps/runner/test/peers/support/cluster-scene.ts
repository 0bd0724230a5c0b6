import { openCluster, type TestCluster } from './cluster.ts';
import { type JetStream, startJetStream } from './jetstream.ts';
import { type Kamailio, startKamailio } from './kamailio.ts';
import { openStage, type Stage } from './stage.ts';

/** What suites of a cluster stand on: the two registrars of its lines, and a cluster without members yet. */
export interface ClusterScene {
  readonly stage: Stage;
  readonly servers: readonly [Kamailio, Kamailio];
  readonly jetStream: JetStream;
  readonly cluster: TestCluster;
}

/** Closing the stage ends all of it. `diskMb`: what JetStream may store. */
export async function openClusterScene(takeover: object = {}, diskMb?: number): Promise<ClusterScene> {
  const stage = await openStage();
  const servers = [
    stage.keep(await startKamailio(stage.network, stage.folder, 'primary')),
    stage.keep(await startKamailio(stage.network, stage.folder, 'alternate')),
  ] as const;
  const jetStream = stage.keep(await startJetStream(stage, diskMb));
  return { stage, servers, jetStream, cluster: stage.keep(openCluster(stage, jetStream, takeover)) };
}
