import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { nkeys } from 'nats';
import type { Folder } from './nats-files.ts';

const run = promisify(execFile);
type KeyPair = ReturnType<typeof nkeys.createUser>;

const base64url = (data: string | Uint8Array): string => Buffer.from(data).toString('base64url');
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A JWT of NATS. @source NATS ADR-14 (JWT library), nats-server conf `operator` */
function jwt(subject: KeyPair, issuer: KeyPair, name: string, nats: object): string {
  const claims = {
    iat: 1_700_000_000,
    iss: issuer.getPublicKey(),
    name,
    sub: subject.getPublicKey(),
    nats: { version: 2, ...nats },
  };
  const jti = createHash('sha256').update(JSON.stringify(claims)).digest('hex');
  const signed = `${base64url(JSON.stringify({ typ: 'JWT', alg: 'ed25519-nkey' }))}.${base64url(JSON.stringify({ jti, ...claims }))}`;
  return `${signed}.${base64url(issuer.sign(encode(signed)))}`;
}

const seedOf = (pair: KeyPair): string => new TextDecoder().decode(pair.getSeed());

/** A server in operator mode with one user: its configuration and the text of the user's .creds file. */
export function operatorMode(): { readonly config: string; readonly creds: string } {
  const [operator, account, user] = [nkeys.createOperator(), nkeys.createAccount(), nkeys.createUser()];
  const unlimited = { subs: -1, data: -1, payload: -1 };
  const limits = { ...unlimited, conn: -1, leaf: -1, imports: -1, exports: -1, wildcards: true };
  const operatorJwt = jwt(operator, operator, 'operator', { type: 'operator' });
  const accountJwt = jwt(account, operator, 'account', { type: 'account', limits });
  const userJwt = jwt(user, account, 'edge', { type: 'user', ...unlimited });
  const frame = (what: string, text: string, dashes: string): string =>
    `-----BEGIN ${what}-----\n${text}\n${dashes}END ${what}${dashes}\n`;
  return {
    config: `operator: ${operatorJwt}\nresolver: MEMORY\nresolver_preload: { ${account.getPublicKey()}: ${accountJwt} }\n`,
    creds: `${frame('NATS USER JWT', userJwt, '------')}\n${frame('USER NKEY SEED', seedOf(user), '------')}`,
  };
}

/** A server that knows one nkey: its configuration and the seed. */
export function nkeyMode(): { readonly config: string; readonly seed: string } {
  const user = nkeys.createUser();
  return { config: `authorization { users: [ { nkey: ${user.getPublicKey()} } ] }\n`, seed: seedOf(user) };
}

const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];

/** An authority, and a certificate of it for a server at localhost and for a client; files in the folder, texts here. */
export async function makeCertificates({ path }: Folder) {
  const openssl = (...args: string[]) => run('openssl', args, { cwd: path });
  const authority = ['-x509', '-subj', '/CN=authority', '-addext', 'basicConstraints=critical,CA:TRUE'];
  for (const name of ['ca', 'stranger'])
    await openssl('req', ...key, ...authority, '-keyout', `${name}.key`, '-out', `${name}.pem`);
  for (const name of ['server', 'client']) {
    const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost'];
    const signed = ['-x509', '-CA', 'ca.pem', '-CAkey', 'ca.key', ...subject];
    await openssl('req', ...key, ...signed, '-keyout', `${name}.key`, '-out', `${name}.pem`);
  }
  const text = (name: string): Promise<string> => readFile(`${path}/${name}`, 'utf8');
  return {
    config: `tls { cert_file: "${path}/server.pem", key_file: "${path}/server.key", ca_file: "${path}/ca.pem", verify: true }\n`,
    ca: await text('ca.pem'),
    stranger: await text('stranger.pem'),
    cert: await text('client.pem'),
    key: await text('client.key'),
  };
}
