import { createRegistrar } from './registrar.ts';
import type { Registrar, RegistrarOptions } from './registrar.types.ts';

/**
 * The scripted registrar over transports of any kind, started: the demo runs it on real sockets of the loopback interface.
 * `listening` says which ports the system chose. @throws TransportError (rejects) with the transports' codes; nothing stays bound then
 */
export async function startLabRegistrar(options: RegistrarOptions): Promise<Registrar> {
  const registrar = createRegistrar(options);
  try {
    await registrar.start();
  } catch (error) {
    await registrar.stop();
    throw error;
  }
  return registrar;
}
