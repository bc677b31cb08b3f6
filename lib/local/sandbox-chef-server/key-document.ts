import { type ActorKey, createActorKey, generatePemKeyPair, keyDocument } from './actor-key.ts';
import { refuse } from './answer.ts';
import { checkFlag, requiredText } from './check-fields.ts';
import { colonName } from './chef-names.ts';
import { type JsonObject, member } from './json-text.ts';

/** A key that a request asks for; `privateKey` is set when the server made the pair. */
export interface NewKey {
  readonly publicKeyPem: string;
  readonly privateKey?: string;
}

/**
 * The key material of a body: the public key it brings, a new pair where it says `create_key`, undefined where it says
 * neither. Refuses both at once, and the words of version 0 of the API.
 */
export async function readKeyMaterial(body: JsonObject): Promise<NewKey | undefined> {
  if (member(body, 'private_key') !== undefined)
    refuse(400, 'Please use create_key: true instead of private_key: true');
  checkFlag(body, 'create_key');
  const publicKeyPem = member(body, 'public_key');
  const isCreated = member(body, 'create_key') === true;
  if (publicKeyPem === undefined) return isCreated ? generatedKey() : undefined;
  if (isCreated) refuse(400, 'You must specify either create_key or public_key, but not both');
  if (typeof publicKeyPem !== 'string') return refuse(400, 'Public Key must be a valid key.');
  return { publicKeyPem };
}

/** A key pair that the server makes. */
export async function generatedKey(): Promise<NewKey> {
  const { publicKey, privateKey } = await generatePemKeyPair();
  return { publicKeyPem: publicKey, privateKey };
}

/** What version 0 of the API takes as the key of a body: `public_key`, unless `private_key` asks for a new pair. */
export async function readKeyMaterialV0(body: JsonObject): Promise<NewKey | undefined> {
  if (member(body, 'private_key') === true) return generatedKey();
  const publicKeyPem = member(body, 'public_key');
  return typeof publicKeyPem === 'string' ? { publicKeyPem } : undefined;
}

/** Refuses with 400 key material in the PUT of a user or client: since version 1 of the API keys have endpoints. */
export function refuseKeyMaterial(body: JsonObject): void {
  if (member(body, 'private_key') !== undefined)
    refuse(400, 'Please use create_key: true instead of private_key: true');
  if (member(body, 'create_key') !== undefined || member(body, 'public_key') !== undefined) {
    refuse(400, 'Since Server API v1, all keys must be updated via the keys endpoint. ');
  }
}

/** The name that a body gives a key. */
export function readKeyName(body: JsonObject): string {
  return requiredText(body, 'name', colonName);
}

/** When the key of a body expires, in milliseconds; `infinity` is a date too. */
export function readExpiration(body: JsonObject): number {
  const text = member(body, 'expiration_date');
  if (text === undefined) refuse(400, "Field 'expiration_date' missing");
  if (text === 'infinity') return Number.POSITIVE_INFINITY;
  const isDate = typeof text === 'string' && /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/.test(text);
  const at = isDate ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) refuse(400, 'Field expiration_date is invalid.');
  return at;
}

/** The key `default` of a new user or client, with what the answer says of it under `chef_key`. */
export function defaultKey(
  { publicKeyPem, privateKey }: NewKey,
  keysUrl: string,
): { readonly key: ActorKey; readonly chefKey: object } {
  const key = createActorKey('default', publicKeyPem);
  const privatePart = privateKey === undefined ? {} : { private_key: privateKey };
  return { key, chefKey: { ...keyDocument(key), uri: `${keysUrl}/default`, ...privatePart } };
}
