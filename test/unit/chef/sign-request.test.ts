import { createHash, createPublicKey, generateKeyPairSync, publicDecrypt, verify } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  canonicalPath,
  canonicalRequest,
  readSigningKey,
  type SigningProtocol,
  signatureTimestamp,
  signRequest,
} from '../../../lib/chef/sign-request.ts';

/**
 * The request that Chef's own signing library is tested with, and its signatures. Only the public half of that key is here: a signature
 * of this kind has one possible value, so one that verifies over our text is the one we would make.
 */
const SPEC_REQUEST = {
  method: 'post',
  path: '/organizations/clownco',
  body: 'Spec Body',
  timestamp: '2009-01-01T12:00:00Z',
  apiVersion: '1',
};
const SPEC_USER = 'spec-user';
const SPEC_PUBLIC_KEY = createPublicKey(`-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA0ueqo76MXuP6XqZBILFz
iH/9AI7C6PaN5W0dSvkr9yInyGHSz/IR1+4tqvP2qlfKVKI4CP6BFH251Ft9qMUB
uAsnlAVQ1z0exDtIFFOyQCdR7iXmjBIWMSS4buBwRQXwDK7id1OxtU23qVJv+xwE
V0IzaaSJmaGLIbvRBD+qatfUuQJBMU/04DdJIwvLtZBYdC2219m5dUBQaa4bimL+
YN9EcsDzD9h9UxQo5ReK7b3cNMzJBKJWLzFBcJuePMzAnLFktr/RufX4wpXe6XJx
oVPaHo72GorLkwnQ0HYMTY8rehT4mDi1FI969LHCFFaFHSAaRnwdXaQkJmSfcxzC
YQIDAQAB
-----END PUBLIC KEY-----`);

const SPEC: readonly {
  readonly protocol: SigningProtocol;
  readonly textBytes: number;
  readonly textSha256: string;
  readonly signatureLines: readonly string[];
}[] = [
  {
    protocol: '1.0',
    textBytes: 160,
    textSha256: '73a87c10a2934cb730d8adfd53e7c37b4ebfaf3900d01c2121756d7f0b86cd91',
    signatureLines: [
      'jVHrNniWzpbez/eGWjFnO6lINRIuKOg40ZTIQudcFe47Z9e/HvrszfVXlKG4',
      'NMzYZgyooSvU85qkIUmKuCqgG2AIlvYa2Q/2ctrMhoaHhLOCWWoqYNMaEqPc',
      '3tKHE+CfvP+WuPdWk4jv4wpIkAz6ZLxToxcGhXmZbXpk56YTmqgBW2cbbw4O',
      'IWPZDHSiPcw//AYNgW1CCDptt+UFuaFYbtqZegcBd2n/jzcWODA7zL4KWEUy',
      '9q4rlh/+1tBReg60QdsmDRsw/cdO1GZrKtuCwbuD4+nbRdVBKv72rqHX9cu0',
      'utju9jzczCyB+sSAQWrxSsXB/b8vV2qs0l4VD2ML+w==',
    ],
  },
  {
    protocol: '1.1',
    textBytes: 179,
    textSha256: '995e51c3039f317f6738f620db546c41b34f1ada3b5a4039d9e6f78e7c0e392e',
    signatureLines: [
      'UfZD9dRz6rFu6LbP5Mo1oNHcWYxpNIcUfFCffJS1FQa0GtfU/vkt3/O5HuCM',
      '1wIFl/U0f5faH9EWpXWY5NwKR031Myxcabw4t4ZLO69CIh/3qx1XnjcZvt2w',
      'c2R9bx/43IWA/r8w8Q6decuu0f6ZlNheJeJhaYPI8piX/aH+uHBH8zTACZu8',
      'vMnl5MF3/OIlsZc8cemq6eKYstp8a8KYq9OmkB5IXIX6qVMJHA6fRvQEB/7j',
      '281Q7oI/O+lE8AmVyBbwruPb7Mp6s4839eYiOdjbDwFjYtbS3XgAjrHlaD7W',
      'FDlbAG7H8Dmvo+wBxmtNkszhzbBnEYtuwQqT8nM/8A==',
    ],
  },
  {
    protocol: '1.3',
    textBytes: 213,
    textSha256: '64d135da0ad6fa831e344caa12acec49b9a966ccb541ada5432c0d82c8693521',
    signatureLines: [
      'FZOmXAyOBAZQV/uw188iBljBJXOm+m8xQ/8KTGLkgGwZNcRFxk1m953XjE3W',
      'VGy1dFT76KeaNWmPCNtDmprfH2na5UZFtfLIKrPv7xm80V+lzEzTd9WBwsfP',
      '42dZ9N+V9I5SVfcL/lWrrlpdybfceJC5jOcP5tzfJXWUITwb6Z3Erg3DU3Uh',
      'H9h9E0qWlYGqmiNCVrBnpe6Si1gU/Jl+rXlRSNbLJ4GlArAPuL976iTYJTzE',
      'MmbLUIm3JRYi00Yb01IUCCKdI90vUq1HHNtlTEu93YZfQaJwRxXlGkCNwIJe',
      'fy49QzaCIEu1XiOx5Jn+4GmkrZch/RrK9VzQWXgs+w==',
    ],
  },
];

const own = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ownPem = own.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();

function signedText(protocol: SigningProtocol, key: typeof own.publicKey, signature: Buffer, text: string): string {
  if (protocol !== '1.3') return publicDecrypt(key, signature).toString();
  return verify('RSA-SHA256', Buffer.from(text), key, signature) ? text : 'another text';
}

describe('canonicalRequest', () => {
  test('the public key here is the one that the vectors were made with', () => {
    const spki = SPEC_PUBLIC_KEY.export({ type: 'spki', format: 'der' });

    expect(createHash('sha256').update(spki).digest('hex')).toBe(
      'fd6dbf14033bd64af3dde2fabc654d10bc4af1e90e4cdcb870a5a86b35f6336b',
    );
  });

  test.each(SPEC)(
    'protocol $protocol signs the text that Chef signs',
    ({ protocol, textBytes, textSha256, signatureLines }) => {
      const text = canonicalRequest(protocol, SPEC_USER, SPEC_REQUEST);

      expect(Buffer.byteLength(text)).toBe(textBytes);
      expect(createHash('sha256').update(text).digest('hex')).toBe(textSha256);
      const signature = Buffer.from(signatureLines.join(''), 'base64');
      expect(signedText(protocol, SPEC_PUBLIC_KEY, signature, text)).toBe(text);
    },
  );

  test('a path is signed without doubled and trailing slashes', () => {
    expect(canonicalPath('/organizations//acme///roles/')).toBe('/organizations/acme/roles');
    expect(canonicalPath('/')).toBe('/');
  });
});

describe('signRequest', () => {
  test.each(SPEC)(
    'protocol $protocol sends six numbered lines that verify with the public key',
    async ({ protocol }) => {
      const key = readSigningKey(SPEC_USER, ownPem, protocol);

      const headers = await signRequest(key, SPEC_REQUEST);

      const algorithm = protocol === '1.3' ? 'sha256' : 'sha1';
      expect(headers).toMatchObject({
        'X-Ops-Sign': `algorithm=${algorithm};version=${protocol};`,
        'X-Ops-Userid': SPEC_USER,
        'X-Ops-Timestamp': '2009-01-01T12:00:00Z',
        'X-Ops-Content-Hash':
          protocol === '1.3' ? 'hDlKNZhIhgso3Fs0S0pZwJ0xyBWtR1RBaeHs1DrzOho=' : 'DFteJZPVv6WKdQmMqZUQUumUyRs=',
        'X-Ops-Server-API-Version': '1',
      });
      const lines = [1, 2, 3, 4, 5, 6].map((number) => headers[`X-Ops-Authorization-${number}`] ?? '');
      expect(lines.map((line) => line.length)).toEqual([60, 60, 60, 60, 60, 44]);
      expect(headers['X-Ops-Authorization-7']).toBeUndefined();
      const text = canonicalRequest(protocol, SPEC_USER, SPEC_REQUEST);
      expect(signedText(protocol, own.publicKey, Buffer.from(lines.join(''), 'base64'), text)).toBe(text);
    },
  );

  test('a request without a body carries the hash of nothing', async () => {
    const key = readSigningKey(SPEC_USER, ownPem);

    const headers = await signRequest(key, { ...SPEC_REQUEST, method: 'GET', body: '' });

    expect(headers['X-Ops-Content-Hash']).toBe('47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=');
  });

  test('the time has no fraction of a second, which Chef servers refuse', () => {
    expect(signatureTimestamp(Date.UTC(2009, 0, 1, 12, 0, 0, 987))).toBe('2009-01-01T12:00:00Z');
  });
});

describe('readSigningKey', () => {
  test('both PEM forms of a key are taken', () => {
    const pkcs8 = own.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

    expect(readSigningKey('u', pkcs8).privateKey.equals(readSigningKey('u', ownPem).privateKey)).toBe(true);
  });

  test('a text that is no key is refused with the user name and without the text', () => {
    expect(() => readSigningKey('ec_sync_user', 'not-a-key-but-secret')).toThrow(
      /key of user ec_sync_user is no private key/,
    );
    expect(() => readSigningKey('ec_sync_user', 'not-a-key-but-secret')).not.toThrow(/secret/);
  });

  test('a key of another kind is refused before any request is made', () => {
    const ed25519 = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

    expect(() => readSigningKey('u', ed25519)).toThrow(/not an RSA key/);
  });
});
