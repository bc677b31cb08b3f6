import { createPublicKey, generateKeyPair, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { refuse } from './answer.ts';

/** One of the keys with which a user or client may sign. */
export interface ActorKey {
  readonly name: string;
  readonly publicKeyPem: string;
  readonly publicKey: KeyObject;
  /** In milliseconds; infinite for a key that never expires. */
  readonly expiresAtMs: number;
}

/** A user or client by what its keys need. */
export interface KeyOwner {
  readonly name: string;
  /** By name; the one made with its owner is called `default`. */
  readonly keys: Map<string, ActorKey>;
}

/** A key pair in PEM. */
export interface PemKeyPair {
  readonly publicKey: string;
  readonly privateKey: string;
}

/** Makes a key; refuses with 400 and the server's text what is no public key in PEM. */
export function createActorKey(name: string, publicKeyPem: string, expiresAtMs = Number.POSITIVE_INFINITY): ActorKey {
  return { name, publicKeyPem, publicKey: readPublicKey(publicKeyPem), expiresAtMs };
}

/** True while requests that are signed with the key are believed. */
export function isCurrent(key: ActorKey, nowMs: number): boolean {
  return key.expiresAtMs > nowMs;
}

/** The key as GET and DELETE show it. */
export function keyDocument({ name, publicKeyPem, expiresAtMs }: ActorKey): {
  readonly name: string;
  readonly public_key: string;
  readonly expiration_date: string;
} {
  const expires = Number.isFinite(expiresAtMs) ? `${new Date(expiresAtMs).toISOString().slice(0, 19)}Z` : 'infinity';
  return { name, public_key: publicKeyPem, expiration_date: expires };
}

const keyPairForm = {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
} as const;

/** A new RSA key pair of 2048 bits. */
export function generatePemKeyPair(): Promise<PemKeyPair> {
  return promisify(generateKeyPair)('rsa', keyPairForm);
}

let sharedKeyPair: PemKeyPair | undefined;

/** An RSA key pair of 2048 bits: the same one for the whole process, because making one takes up to a second. */
export function sandboxKeyPair(): PemKeyPair {
  sharedKeyPair ??= generateKeyPairSync('rsa', keyPairForm);
  return sharedKeyPair;
}

function readPublicKey(pem: string): KeyObject {
  if (!/^-----BEGIN (?:RSA )?PUBLIC KEY/.test(pem)) refuse(400, 'Public Key must be a valid key.');
  try {
    return createPublicKey(pem);
  } catch {
    return refuse(400, 'Public Key must be a valid key.');
  }
}
