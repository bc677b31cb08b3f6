import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { createRenewableKey } from '../../../lib/chef/renewable-key.ts';
import { readSigningKey } from '../../../lib/chef/sign-request.ts';

const newKey = () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return readSigningKey('copier', privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), '1.3');
};

test('requests that were refused together ask for another key once, and all go out again with it', async () => {
  const [first, second] = [newKey(), newKey()];
  let asked = 0;
  const key = createRenewableKey(first, async () => {
    asked += 1;
    return second;
  });

  expect(await Promise.all([key.isReplaced(first), key.isReplaced(first)])).toEqual([true, true]);

  expect(asked).toBe(1);
  expect(key.current()).toBe(second);
});

test('a request that was signed with the key before the present one goes out again without asking', async () => {
  const [first, second] = [newKey(), newKey()];
  let asked = 0;
  const key = createRenewableKey(first, async () => {
    asked += 1;
    return second;
  });
  await key.isReplaced(first);

  expect(await key.isReplaced(first)).toBe(true);
  expect(asked).toBe(1);
});

test('a refused key for which there is no other stays refused, and is asked for again with the next refusal', async () => {
  const first = newKey();
  let asked = 0;
  const key = createRenewableKey(first, async () => {
    asked += 1;
    return undefined;
  });

  expect([await key.isReplaced(first), await key.isReplaced(first)]).toEqual([false, false]);
  expect(asked).toBe(2);
  expect(await createRenewableKey(first).isReplaced(first)).toBe(false);
});
