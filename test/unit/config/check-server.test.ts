import { describe, expect, it } from 'vitest';
import type { ReadFile } from '../../../lib/config/check-server.ts';
import { certificate, configText, everyFileIsAKey, keys, parse, problemsOf } from './config-text.ts';

/** Every file is a good key, but for the one of eu. */
function euKey(text: string, mode = 0o600): ReadFile {
  return (path) => (path === '/etc/eu.pem' ? { text, mode } : everyFileIsAKey(path));
}

function failsFor(file: string, code: string): ReadFile {
  return (path) => {
    if (path === file) throw Object.assign(new Error(code), { code });
    return everyFileIsAKey(path);
  };
}

describe('checkServer', () => {
  it.each(['pkcs1', 'pkcs8'] as const)('accepts a private key in the form %s', (form) => {
    expect(problemsOf(configText(), euKey(keys[form]))).toEqual([]);
  });

  it.each([
    [keys.public, 'holds a public key; name the private key of the user'],
    [certificate, 'holds a certificate; name the private key of the user'],
    [keys.encrypted, 'is encrypted with a passphrase; write it without one'],
    [keys.elliptic, 'holds a key of type ec; Chef servers take RSA keys'],
    [
      '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----\n',
      'holds a key in the form of OpenSSH; write it as PEM with `ssh-keygen -p -m PEM -f FILE`',
    ],
    ['', 'holds no private key in PEM form; name the file that `chef-server-ctl user-create` wrote'],
    [
      keys.pkcs1.slice(0, 600),
      'holds no private key in PEM form; name the file that `chef-server-ctl user-create` wrote',
    ],
  ])('refuses what is no usable private key, with its line', (text, fault) => {
    expect(problemsOf(configText(), euKey(text))).toEqual([`4:57: the key file "/etc/eu.pem" ${fault}`]);
  });

  it('names a key file that does not exist or may not be read', () => {
    expect(problemsOf(configText(), failsFor('/etc/eu.pem', 'ENOENT'))).toEqual([
      '4:57: the key file "/etc/eu.pem" does not exist; make it with "chef-sync-ctl prepare-org" or correct the path',
    ]);
    expect(problemsOf(configText(), failsFor('/etc/primary.pem', 'EACCES'))).toEqual([
      '2:62: the key file "/etc/primary.pem" cannot be read (EACCES); correct the path or its permissions',
    ]);
  });

  it('checks the key of a replica that no organization is copied to', () => {
    const text = configText({ organizations: ['{ source: acme, replica: us }'] });

    expect(problemsOf(text, euKey(keys.public))).toHaveLength(1);
  });

  it('warns about a key that other users can read', () => {
    expect(parse(configText(), euKey(keys.pkcs1, 0o100640)).warnings).toEqual([
      '/etc/chef-sync.yaml:4:57: the key file "/etc/eu.pem" can be read by other users of this machine; run `chmod 600` on it',
    ]);
  });

  it('takes the certificates of a private CA by absolute path, and refuses a file without any', () => {
    const eu = '{ url: https://eu.example.com, user: sync, key: { file: eu.pem }, tls: { ca: ../ca.pem } }';
    const withCa =
      (text: string): ReadFile =>
      (path) =>
        path === '/ca.pem' ? { text, mode: 0o644 } : everyFileIsAKey(path);

    expect(parse(configText({ eu }), withCa(certificate)).pairs[0]?.replica.ca).toBe('/ca.pem');
    expect(problemsOf(configText({ eu }), withCa('no certificate'))).toEqual([
      '4:80: the certificate file "/ca.pem" holds no certificate in PEM form; name the certificates of the CA',
    ]);
    expect(problemsOf(configText({ eu }), failsFor('/ca.pem', 'ENOENT'))).toEqual([
      '4:80: the certificate file "/ca.pem" does not exist; create it or correct the path',
    ]);
  });

  it('warns loudly where certificates are not verified', () => {
    const eu = '{ url: https://eu.example.com, user: sync, key: { file: eu.pem }, tls: { verify: false } }';

    const config = parse(configText({ eu }));

    expect(config.pairs[0]?.replica.skipsTlsVerification).toBe(true);
    expect(config.warnings.join()).toContain(':4:80: the certificate of https://eu.example.com is NOT verified');
  });

  it('warns about http, but not on this machine', () => {
    const plain = (url: string) =>
      parse(configText({ eu: `{ url: "${url}", user: sync, key: { file: eu.pem } }` })).warnings;

    expect(plain('http://eu.example.com').join()).toContain(':4:9: http://eu.example.com is not encrypted');
    expect(plain('http://localhost:4646')).toEqual([]);
    expect(plain('http://127.0.0.1:4646')).toEqual([]);
    expect(plain('http://[::1]:4646')).toEqual([]);
  });
});
