import { generateKeyPairSync } from 'node:crypto';
import type { ReadFile } from '../../../lib/config/check-server.ts';
import { ConfigError } from '../../../lib/config/config-error.ts';
import type { Home } from '../../../lib/config/home.ts';
import { type Config, parseConfig } from '../../../lib/config/load-config.ts';

const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });

/** The forms in which one RSA key pair is kept in files. */
export const keys = {
  pkcs1: pair.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
  pkcs8: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  encrypted: pair.privateKey
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open sesame' })
    .toString(),
  public: pair.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  elliptic: generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString(),
};

/** A certificate of a CA that exists for the tests only; valid for 100 years, its key was thrown away. */
export const certificate = `-----BEGIN CERTIFICATE-----
MIIBjzCCATWgAwIBAgIUUoediwGsNoLHINNqKdyWwDOrUDYwCgYIKoZIzj0EAwIw
HDEaMBgGA1UEAwwRQ2hlZiBTeW5jIFRlc3QgQ0EwIBcNMjYxMTI0MDY0NDAwWhgP
MjEyNjEwMzEwNjQ0MDBaMBwxGjAYBgNVBAMMEUNoZWYgU3luYyBUZXN0IENBMFkw
EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEB33vzI209tnBzElrGo4bT3nrV0yJD3ag
zdDxdysPJHNIudar0YGxgJRB+NCahzGopbFXgBSlE/Fg0LOOdWgluaNTMFEwHQYD
VR0OBBYEFF6VK7bwq6WCTaVKb2etbZCy2rj8MB8GA1UdIwQYMBaAFF6VK7bwq6WC
TaVKb2etbZCy2rj8MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIh
AJTCNkWfv2paqjJ7BGOVGAYBSi6PHNpQvjH9D+iozNiyAiAwFXdjpHf999KdRUS/
9S2HtdWN9jFTu/cNWYrSmYtDiA==
-----END CERTIFICATE-----
`;

/** Every file is a good private key that only its owner can read. */
export const everyFileIsAKey: ReadFile = () => ({ text: keys.pkcs1, mode: 0o100600 });

/** A configuration with nothing wrong: one primary, two replicas, one organization. Its parts can be replaced. */
export function configText({
  version = 'version: 1',
  primary = '{ url: https://chef.example.com, user: sync, key: { file: primary.pem } }',
  eu = '{ url: https://eu.example.com, user: sync, key: { file: eu.pem } }',
  us = '{ url: https://us.example.com, user: sync, key: { file: us.pem } }',
  organizations = ['{ source: acme, replica: all }'],
  rest = '',
} = {}): string {
  return [
    version,
    `primary: ${primary}`,
    'replicas:',
    `  eu: ${eu}`,
    `  us: ${us}`,
    'organizations:',
    ...organizations.map((entry) => `  - ${entry}`),
    rest,
  ].join('\n');
}

/** As {@link configText}, with all keys in Secrets Manager. */
export function awsText(parts: Parameters<typeof configText>[0] = {}): string {
  const server = (name: string): string =>
    `{ url: https://${name}.example.com, user: sync, key: { secret: chef-sync/${name} } }`;
  return configText({ primary: server('chef'), eu: server('eu'), us: server('us'), ...parts });
}

/** No file can be read. */
export const unreadable: ReadFile = (path) => {
  throw new Error(`${path} was read`);
};

/** Parses a text as `/etc/chef-sync.yaml`. */
export function parse(text: string, readFile: ReadFile = everyFileIsAKey, home: Home = 'local'): Config {
  return parseConfig(text, { file: '/etc/chef-sync.yaml', readFile, home });
}

/** The problems for which a text is refused, without the file's name; empty when it is accepted. */
export function problemsOf(
  text: string,
  readFile: ReadFile = everyFileIsAKey,
  home: Home = 'local',
): readonly string[] {
  try {
    parse(text, readFile, home);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map((line) => line.replace('/etc/chef-sync.yaml:', ''));
    throw error;
  }
}
