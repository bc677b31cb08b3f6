import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { createKeyPair, keyFingerprint, keyPairOf } from '../../../lib/chef/key-pair.ts';

test('a pair that was made is the pair of its private key', async () => {
  const pair = await createKeyPair();

  expect(keyPairOf(pair.privateKeyPem)).toEqual(pair);
});

test('a public key has one fingerprint in whatever form it is written, and every key its own', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const pkcs1 = publicKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  const spki = publicKey.export({ type: 'spki', format: 'pem' }).toString();

  expect(keyFingerprint(spki)).toMatch(/^[0-9a-f]{16}$/);
  expect(keyFingerprint(`${spki.replaceAll('\n', '\r\n')}\n`)).toBe(keyFingerprint(pkcs1));
  const own = keyPairOf(privateKey.export({ type: 'pkcs1', format: 'pem' }).toString());
  expect(keyFingerprint(own?.publicKeyPem ?? '')).toBe(keyFingerprint(spki));
  expect(keyFingerprint((await createKeyPair()).publicKeyPem)).not.toBe(keyFingerprint(spki));
});

test.each([
  '',
  'my notes',
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
])('what is no RSA key is none (%#)', (text) => {
  expect(keyPairOf(text)).toBeUndefined();
});

test('what holds no key has no fingerprint', () => {
  expect(keyFingerprint('my notes')).toBe('');
});
