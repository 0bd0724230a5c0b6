import { z } from 'zod';
import type { ResolveSecret } from './build-lines.ts';
import { type EdgeTls, pemListSchema, pemSchema, readPems } from './edge-tls.ts';
import { type ConfigPath, showValue } from './finding.ts';
import type { Notes } from './notes.ts';
import type { SecretReference } from './read-value.ts';

/** `bus`: where the bus is, and who we are to it. */

const forms = 'a file, { env: NAME } or { file: path }';
const reference = z.union(
  [z.string().min(1), z.strictObject({ env: z.string().min(1) }), z.strictObject({ file: z.string().min(1) })],
  { error: forms },
);

export const busSchema = z.strictObject({
  url: z
    .string()
    .regex(/^(nats|tls):\/\/\S+$/, 'a URL such as nats://host:4222')
    .optional()
    .meta({ description: 'NATS server, or several joined by commas. Without it the bus is inside the process.' }),
  creds: reference.optional().meta({ description: 'File of NATS credentials (.creds): JWT and seed of a user.' }),
  nkey: reference.optional().meta({ description: 'File with the seed of an nkey of a user (SU…).' }),
  tls: z
    .strictObject({
      ca: pemListSchema.optional().meta({
        description: 'PEM files of the authorities that the NATS server is verified with. Without it: those that Node.js trusts.',
      }),
      cert: pemSchema.optional().meta({ description: 'PEM file of our own certificate, for a NATS server that asks for one.' }),
      key: pemSchema.optional().meta({ description: 'PEM file of the key of `cert`, without a passphrase.' }),
    })
    .optional()
    .meta({ description: 'TLS to the NATS server, also asked for with tls:// in the URL.' }),
  replicas: z
    .int()
    .min(1)
    .max(5)
    .optional()
    .meta({ description: 'Servers that keep each bucket of a cluster, counted when it is made; default 1.' }),
});

export type BusTls = Omit<EdgeTls, 'minVersion'>;

/** With everything read: texts. */
export interface BusConfig {
  readonly url?: string;
  readonly creds?: string;
  readonly nkey?: string;
  readonly tls?: BusTls;
  readonly replicas?: number;
}

type Given = z.output<typeof busSchema>;

const shown = (given: SecretReference): string =>
  showValue('env' in given ? `environment variable ${given.env}` : `file ${given.file}`);

function readCredential(
  written: string | SecretReference,
  path: ConfigPath,
  resolve: ResolveSecret | undefined,
  notes: Notes,
): string | undefined {
  const given = typeof written === 'string' ? { file: written } : written;
  let text: string | undefined;
  let detail = '';
  try {
    text = resolve?.(given);
  } catch (error) {
    detail = error instanceof Error ? ` (${error.message})` : '';
  }
  if (text !== undefined) return text;
  notes.refuse(path, {
    code: 'secret.unavailable',
    seen: shown(given),
    allowed: forms,
    message: `The credentials of the bus cannot be read${detail}.`,
    remedy: 'Check the path and its rights, or the variable.',
  });
  return undefined;
}

/** Reads what `bus` names. Every fault is noted; credentials and keys are never shown. */
export function readBus({ url, creds, nkey, tls, replicas }: Given, resolve: ResolveSecret | undefined, notes: Notes): BusConfig {
  if (creds !== undefined && nkey !== undefined)
    notes.refuse(['bus', 'nkey'], {
      code: 'value.invalid',
      seen: 'creds and nkey',
      allowed: 'one of them',
      message: 'A connection has one identity.',
      remedy: 'Remove creds or nkey.',
    });
  const read = (written: typeof creds, key: string) =>
    written === undefined ? undefined : readCredential(written, ['bus', key], resolve, notes);
  const [credsText, nkeyText] = [read(creds, 'creds'), read(nkey, 'nkey')];
  const pems = tls === undefined ? undefined : readPems(tls, ['bus', 'tls'], resolve, notes);
  return {
    ...(url === undefined ? {} : { url }),
    ...(credsText === undefined ? {} : { creds: credsText }),
    ...(nkeyText === undefined ? {} : { nkey: nkeyText }),
    ...(pems === undefined ? {} : { tls: pems }),
    ...(replicas === undefined ? {} : { replicas }),
  };
}
