import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runChild } from './child.ts';

/** Paths of a certificate and its key. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** An authority of one test, made by openssl in its folder. */
export interface Authority {
  /** Path of its own certificate. */
  readonly cert: string;
  /** A certificate for names such as `DNS:localhost`, valid from today for ten days, or until yesterday. */
  issue(name: string, subjects: string, options?: { readonly expired?: boolean }): Promise<Certificate>;
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc'];

/** @throws Error (rejects) with what openssl printed */
export async function createAuthority(folder: string, authority: string): Promise<Authority> {
  const at = (file: string): string => join(folder, file);
  const [cert, key] = [at(`${authority}.pem`), at(`${authority}.key`)];
  const openssl = (...args: readonly string[]): Promise<string> => runChild(['openssl', ...args]);
  await openssl('req', '-x509', ...newKey, '-keyout', key, '-out', cert, '-days', '10', '-subj', `/CN=${authority}`);
  return {
    cert,
    async issue(name, subjects, { expired = false } = {}) {
      const own = { cert: at(`${name}.pem`), key: at(`${name}.key`) };
      const [request, extensions] = [at(`${name}.csr`), at(`${name}.ext`)];
      await openssl('req', '-new', ...newKey, '-keyout', own.key, '-out', request, '-subj', `/CN=${name}`);
      await writeFile(extensions, `basicConstraints=CA:FALSE\nsubjectAltName=${subjects}\n`);
      const signer = ['-CA', cert, '-CAkey', key, '-CAcreateserial', '-extfile', extensions];
      const until = expired ? '-1' : '10';
      await openssl('x509', '-req', '-in', request, '-out', own.cert, '-days', until, ...signer);
      return own;
    },
  };
}
