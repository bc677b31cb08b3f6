import { generateKeyPairSync } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import { createRenewableKey } from '../../../lib/chef/renewable-key.ts';
import { readSigningKey } from '../../../lib/chef/sign-request.ts';

const newKey = () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return readSigningKey('copier', privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), '1.3');
};

const first = newKey();
const second = newKey();

test('requests that were refused together ask for another key once, and all go out again with it', async () => {
  const renew = vi.fn(async () => second);
  const key = createRenewableKey(first, renew);

  expect(await Promise.all([key.isReplaced(first), key.isReplaced(first)])).toEqual([true, true]);

  expect(renew).toHaveBeenCalledTimes(1);
  expect(key.current()).toBe(second);
});

test('a request that was signed with the key before the present one goes out again without asking', async () => {
  const renew = vi.fn(async () => second);
  const key = createRenewableKey(first, renew);
  await key.isReplaced(first);

  expect(await key.isReplaced(first)).toBe(true);
  expect(renew).toHaveBeenCalledTimes(1);
});

test('a refused key for which there is no other stays refused, and is asked for again with the next refusal', async () => {
  const renew = vi.fn(async () => undefined);
  const key = createRenewableKey(first, renew);

  expect([await key.isReplaced(first), await key.isReplaced(first)]).toEqual([false, false]);
  expect(renew).toHaveBeenCalledTimes(2);
  expect(await createRenewableKey(first).isReplaced(first)).toBe(false);
});
