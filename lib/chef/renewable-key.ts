import type { SigningKey } from './sign-request.ts';

/** The key that signs, which another one may take the place of while requests go out. */
export interface RenewableKey {
  /** The one to sign with now. */
  current(): SigningKey;
  /** Whether there is another key now than the one that a refused request was signed with. Requests that were refused together ask once. */
  isReplaced(signedWith: SigningKey): Promise<boolean>;
}

/** `renew` answers the key that has come into the place of the first one, or undefined when none has. It never rejects. */
export function createRenewableKey(first: SigningKey, renew?: () => Promise<SigningKey | undefined>): RenewableKey {
  let key = first;
  let renewal: Promise<void> | undefined;

  async function renewKey(): Promise<void> {
    key = (await renew?.()) ?? key;
    renewal = undefined;
  }

  return {
    current: () => key,
    async isReplaced(signedWith) {
      if (key === signedWith) {
        renewal ??= renewKey();
        await renewal;
      }
      return key !== signedWith;
    },
  };
}
