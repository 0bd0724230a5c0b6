import { type Ambient, BusError, type RuntimeConfig } from '@offhook/core';
import { busConnection } from '../bus-connection.ts';
import { type Diagnosis, diagnose } from './doctor-report.ts';
import { inTime } from './doctor-time.ts';

const bus = diagnose('bus');
const timeoutMs = 4_500;

/** Without user, password and token. */
function shownUrl(url: string): string {
  return url.replace(/^(\w+:\/\/)[^@/]*@/, '$1');
}

/** Connects to the bus of the configuration and leaves it again. */
export async function busChecks(config: RuntimeConfig, ambient: Ambient): Promise<readonly Diagnosis[]> {
  const { url } = config.bus;
  if (url === undefined) return [];
  const subject = shownUrl(url);
  const why = 'The runner does not start without its bus (exit 3).';
  const remedy = 'Start nats-server there, or correct bus.url.';
  const unreachable = (seen: string): Diagnosis => bus('error', 'bus.unreachable', { subject, seen, why, remedy });
  try {
    const { createNatsBus } = await import('@offhook/bus-nats');
    const connecting = createNatsBus({ ...busConnection(config, url), name: `offhook-doctor-${config.cluster}`, ambient });
    const connected = await inTime(connecting, ambient, timeoutMs);
    if (connected === undefined) {
      connecting.then((late) => late.drain()).catch(() => {});
      return [unreachable(`no answer within ${timeoutMs / 1_000} s`)];
    }
    const { server } = connected.status();
    await connected.drain();
    return [bus('ok', 'bus', { subject, seen: `connected to ${server}` })];
  } catch (error) {
    if (error instanceof BusError) return [unreachable(error.message)];
    throw error;
  }
}
