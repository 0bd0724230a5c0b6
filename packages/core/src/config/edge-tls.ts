import { z } from 'zod';
import type { ResolveSecret } from './build-lines.ts';
import { type ConfigPath, showValue } from './finding.ts';
import type { Notes } from './notes.ts';
import type { SecretReference } from './read-value.ts';

/** `edge.tls`: whom the edge trusts and who it is, towards servers and peers over TLS. */

const forms = 'a file, { env: NAME }, { file: path } or PEM text';
export const pemSchema = z.union(
  [z.string().min(1), z.strictObject({ env: z.string().min(1) }), z.strictObject({ file: z.string().min(1) })],
  {
    error: forms,
  },
);

export const pemListSchema = z.union([pemSchema, z.array(pemSchema).min(1)], { error: `${forms}, or a list of them` });

export const tlsSchema = z.strictObject({
  ca: pemListSchema.optional().meta({
    description:
      'PEM files of the authorities that servers are verified with, one or a list: those alone. Without it: those that Node.js trusts.',
  }),
  cert: pemSchema.optional().meta({
    description: 'PEM file of our own certificate and those above it, for servers that ask for one and for peers that connect.',
  }),
  key: pemSchema.optional().meta({ description: 'PEM file of the key of `cert`, without a passphrase.' }),
  minVersion: z
    .enum(['TLSv1.2', 'TLSv1.3'])
    .optional()
    .meta({ description: 'Lowest version spoken, TLSv1.2 or TLSv1.3; TLSv1.2 when left out.' }),
});

/** With everything read: PEM texts. */
export interface EdgeTls {
  readonly ca?: readonly string[];
  readonly cert?: string;
  readonly key?: string;
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
}

type Given = z.output<typeof tlsSchema>;
type Written = z.output<typeof pemSchema>;
type Kind = 'certificate' | 'private key';

const isText = (written: Written): written is string => typeof written === 'string' && written.includes('-----BEGIN ');
const referenceOf = (written: Exclude<Written, undefined>): SecretReference =>
  typeof written === 'string' ? { file: written } : written;
const shown = (reference: SecretReference): string =>
  showValue('env' in reference ? `environment variable ${reference.env}` : `file ${reference.file}`);

/** The text of one certificate or key; undefined after a fault. */
function readPem(written: Written, kind: Kind, path: ConfigPath, resolve: ResolveSecret | undefined, notes: Notes) {
  const source = isText(written) ? 'PEM text' : shown(referenceOf(written));
  let text: string | undefined;
  let detail = '';
  try {
    text = isText(written) ? written : resolve?.(referenceOf(written));
  } catch (error) {
    detail = error instanceof Error ? ` (${error.message})` : '';
  }
  const refuse = (code: 'tls.unreadable' | 'value.invalid', message: string, remedy: string): undefined => {
    notes.refuse(path, { code, seen: source, allowed: `a ${kind} as PEM`, message, remedy });
  };
  if (text === undefined)
    return refuse('tls.unreadable', `The ${kind} cannot be read${detail}.`, 'Check the path and its rights, or the variable.');
  const begins = kind === 'certificate' ? /-----BEGIN (TRUSTED )?CERTIFICATE-----/ : /-----BEGIN ([A-Z]+ )?PRIVATE KEY-----/;
  if (!begins.test(text)) return refuse('value.invalid', `There is no ${kind} in it.`, 'Give it as PEM: -----BEGIN …');
  if (/BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED/.test(text))
    return refuse(
      'value.invalid',
      'The key is protected by a passphrase.',
      'Store it without one, readable for this user alone.',
    );
  return text;
}

/** Reads the certificates and keys of a `tls` section. Every fault is noted; keys and PEM texts are never shown. */
export function readPems(
  given: Omit<Given, 'minVersion'>,
  base: ConfigPath,
  resolve: ResolveSecret | undefined,
  notes: Notes,
): Omit<EdgeTls, 'minVersion'> {
  const read = (written: Written | undefined, kind: Kind, ...steps: ConfigPath) =>
    written === undefined ? undefined : readPem(written, kind, [...base, ...steps], resolve, notes);
  const ca = Array.isArray(given.ca)
    ? given.ca.map((written: Written, i: number) => read(written, 'certificate', 'ca', i))
    : given.ca === undefined
      ? undefined
      : [read(given.ca, 'certificate', 'ca')];
  const cert = read(given.cert, 'certificate', 'cert');
  const key = read(given.key, 'private key', 'key');
  if ((given.cert === undefined) !== (given.key === undefined)) {
    const [here, missing] = given.cert === undefined ? ['key', 'cert'] : ['cert', 'key'];
    const words = { seen: `${here} alone`, allowed: 'cert and key together', remedy: `Set ${missing} too, or remove ${here}.` };
    notes.refuse([...base, here], { code: 'tls.incomplete', message: 'A certificate and its key belong together.', ...words });
  }
  return {
    ...(ca === undefined ? {} : { ca: ca.filter((text) => text !== undefined) }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

/** Reads what `edge.tls` names. */
export function readEdgeTls(given: Given | undefined, resolve: ResolveSecret | undefined, notes: Notes): EdgeTls | undefined {
  if (given === undefined) return undefined;
  const { minVersion } = given;
  return { ...readPems(given, ['edge', 'tls'], resolve, notes), ...(minVersion === undefined ? {} : { minVersion }) };
}
