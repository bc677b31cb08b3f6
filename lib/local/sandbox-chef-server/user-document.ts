import { refuse } from './answer.ts';
import { checkTexts, requiredText } from './check-fields.ts';
import { lowerCaseName } from './chef-names.ts';
import { type JsonObject, member } from './json-text.ts';
import type { User, UserProfile } from './users.ts';

const optionalTexts = ['first_name', 'middle_name', 'last_name'] as const;

/** The user as a GET shows it; version 0 of the API adds the public key called `default`. */
export function userDocument({ name, profile, keys }: User, apiVersion: number): object {
  const document = { username: name, ...profile };
  return apiVersion === 0 ? { ...document, public_key: keys.get('default')?.publicKeyPem ?? null } : document;
}

/** Reads the body of a POST or PUT. Refuses with 400 what the server refuses, a password below 6 characters included. */
export function readUser(
  body: JsonObject,
  isCreated: boolean,
): { readonly name: string; readonly profile: UserProfile } {
  const nameKey = member(body, 'name') === undefined ? 'username' : 'name';
  const name = requiredText(body, nameKey, lowerCaseName);
  const displayName = requiredText(body, 'display_name', /^/);
  checkTexts(body, optionalTexts);
  const email = member(body, 'email');
  if (email === undefined) refuse(400, "Field 'email' missing");
  if (typeof email !== 'string' || !/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(email)) refuse(400, 'email must be valid');
  const password = member(body, 'password');
  if (password === undefined && isCreated) refuse(400, "Field 'password' missing");
  if (password !== undefined && (typeof password !== 'string' || Buffer.byteLength(password) < 6)) {
    refuse(400, 'Password must have at least 6 characters');
  }
  const names = optionalTexts.flatMap((key) => {
    const text = member(body, key);
    return typeof text === 'string' ? [[key, text] as const] : [];
  });
  // One address is one user, however it is spelled: the server keeps it in lower case.
  return { name, profile: { email: email.toLowerCase(), display_name: displayName, ...Object.fromEntries(names) } };
}
