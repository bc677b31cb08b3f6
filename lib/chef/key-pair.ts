import { createHash, createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

/** A user's key pair in PEM: PKCS#8 and SPKI, which every Chef server and Node read. */
export interface KeyPair {
  readonly privateKeyPem: string;
  readonly publicKeyPem: string;
}

const generate = promisify(generateKeyPair);

/** Makes an RSA key pair on this machine, 2048 bits as Chef servers make theirs. */
export async function createKeyPair(): Promise<KeyPair> {
  const { privateKey } = await generate('rsa', { modulusLength: 2048 });
  return pairOf(privateKey);
}

/** The pair of an RSA private key in PEM (PKCS#1 or PKCS#8); undefined for any other text. */
export function keyPairOf(pem: string): KeyPair | undefined {
  try {
    const key = createPrivateKey(pem);
    return key.asymmetricKeyType === 'rsa' ? pairOf(key) : undefined;
  } catch {
    return undefined;
  }
}

/** 16 hex digits, equal for two PEM texts exactly when they hold the same public key; empty for a text that holds none. */
export function keyFingerprint(publicKeyPem: string): string {
  try {
    const der = createPublicKey(publicKeyPem).export({ type: 'spki', format: 'der' });
    return createHash('sha256').update(der).digest('hex').slice(0, 16);
  } catch {
    return '';
  }
}

const pairOf = (privateKey: KeyObject): KeyPair => ({
  privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  publicKeyPem: createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString(),
});
