import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { ConfigPath, ConfigProblem } from './config-problem.ts';
import type { ConfigReader } from './home.ts';
import type { ServerSettings } from './organization-pair.ts';
import { quote } from './quote.ts';

/** Reads a file whole; throws as `node:fs` does. */
export type ReadFile = (absolutePath: string) => {
  readonly text: string;
  /** The permission bits, as in `stat`. */
  readonly mode: number;
};

/** What is wrong with a server's files, and what works but should not stay so. */
export interface ServerReport {
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly ConfigProblem[];
}

/**
 * Reads the key file (for one machine) and the certificates of one server, and reports on both and on TLS. Keeps nothing of their content,
 * and asks no Secrets Manager: what a secret holds is checked by the functions that use it.
 */
export function checkServer(
  server: ServerSettings,
  path: ConfigPath,
  readFile: ReadFile,
  home: ConfigReader,
): ServerReport {
  const problems: ConfigProblem[] = [];
  const warnings: ConfigProblem[] = [];

  if (home === 'local' && 'file' in server.key) {
    const { file } = server.key;
    const keyPath = [...path, 'key', 'file'];
    const key = readOrRefuse(file, 'the key file', 'make it with "chef-sync-ctl prepare-org"', readFile);
    if ('refusal' in key) {
      problems.push({ path: keyPath, sentence: key.refusal });
    } else {
      const refusal = refuseKey(key.text, file);
      if (refusal !== undefined) problems.push({ path: keyPath, sentence: refusal });
      if ((key.mode & 0o077) !== 0) {
        const sentence = `the key file ${quote(file)} can be read by other users of this machine; run \`chmod 600\` on it`;
        warnings.push({ path: keyPath, sentence });
      }
    }
  }

  if (server.ca !== undefined) {
    const caPath = [...path, 'tls', 'ca'];
    const ca = readOrRefuse(server.ca, 'the certificate file', 'create it', readFile);
    const refusal = 'refusal' in ca ? ca.refusal : refuseCertificates(ca.text, server.ca);
    if (refusal !== undefined) problems.push({ path: caPath, sentence: refusal });
  }

  if (server.skipsTlsVerification) {
    const sentence = `the certificate of ${server.url} is NOT verified, so anyone on the way can read and change what is copied; remove \`verify: false\` and name the CA in \`tls: { ca: FILE }\``;
    warnings.push({ path: [...path, 'tls', 'verify'], sentence });
  }
  if (isPlainHttp(server.url)) {
    const sentence = `${server.url} is not encrypted, so anyone on the way can read and change what is copied; use https://`;
    warnings.push({ path: [...path, 'url'], sentence });
  }
  return { problems, warnings };
}

function readOrRefuse(
  file: string,
  what: string,
  origin: string,
  readFile: ReadFile,
): ReturnType<ReadFile> | { readonly refusal: string } {
  // Quoting this "path" would print the key.
  if (file.includes('-----BEGIN') || file.includes('\n')) {
    return { refusal: `the content of ${what} stands here in place of its path; write it to a file and name that` };
  }
  try {
    return readFile(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return { refusal: `${what} ${quote(file)} does not exist; ${origin} or correct the path` };
    const reason = typeof code === 'string' ? ` (${code})` : '';
    return { refusal: `${what} ${quote(file)} cannot be read${reason}; correct the path or its permissions` };
  }
}

function refuseKey(pem: string, file: string): string | undefined {
  const refusal = (fault: string) => `the key file ${quote(file)} ${fault}`;
  if (/-----BEGIN [A-Z ]*PUBLIC KEY-----/.test(pem))
    return refusal('holds a public key; name the private key of the user');
  if (pem.includes('-----BEGIN CERTIFICATE-----')) {
    return refusal('holds a certificate; name the private key of the user');
  }
  if (/-----BEGIN OPENSSH PRIVATE KEY-----/.test(pem)) {
    return refusal('holds a key in the form of OpenSSH; write it as PEM with `ssh-keygen -p -m PEM -f FILE`');
  }
  // In PKCS#8 the word is in the first line, in PKCS#1 in a header below it.
  if (/ENCRYPTED/.test(pem)) return refusal('is encrypted with a passphrase; write it without one');
  try {
    const type = createPrivateKey({ key: pem, format: 'pem' }).asymmetricKeyType;
    return type === 'rsa' ? undefined : refusal(`holds a key of type ${type}; Chef servers take RSA keys`);
  } catch {
    // OpenSSL's own text is about its decoders and would not help anyone.
    return refusal('holds no private key in PEM form; name the file that `chef-server-ctl user-create` wrote');
  }
}

function refuseCertificates(pem: string, file: string): string | undefined {
  try {
    new X509Certificate(pem);
    return undefined;
  } catch {
    return `the certificate file ${quote(file)} holds no certificate in PEM form; name the certificates of the CA`;
  }
}

function isPlainHttp(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  const isThisMachine = hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
  return protocol === 'http:' && !isThisMachine;
}
