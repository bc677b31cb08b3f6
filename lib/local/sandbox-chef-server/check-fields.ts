import { refuse } from './answer.ts';
import { isObject, type Json, type JsonObject, member } from './json-text.ts';

// Checks shared by the object kinds; each ends the request with 400 and the text that the server uses.

/** Refuses a key outside the closed set of an object kind. */
export function checkKeys(object: JsonObject, allowed: ReadonlySet<string>): void {
  const unknown = object.members.find(([key]) => !allowed.has(key));
  if (unknown !== undefined) refuse(400, `Invalid key ${unknown[0]} in request body`);
}

/** The text of a key that must be there and match. */
export function requiredText(object: JsonObject, key: string, pattern: RegExp, label = key): string {
  const value = member(object, key);
  if (value === undefined) refuse(400, `Field '${label}' missing`);
  if (typeof value !== 'string' || !pattern.test(value)) refuse(400, `Field '${label}' invalid`);
  return value;
}

/** Refuses anything but a text where the key is present. */
export function checkTexts(object: JsonObject, keys: readonly string[], prefix = ''): void {
  for (const key of keys) {
    const value = member(object, key);
    if (value !== undefined && typeof value !== 'string') refuse(400, `Field '${prefix}${key}' invalid`);
  }
}

/** Refuses anything but true or false where the key is present. */
export function checkFlag(object: JsonObject, key: string): void {
  const value = member(object, key);
  if (value !== undefined && typeof value !== 'boolean') refuse(400, `Field '${key}' invalid`);
}

/** Refuses a value other than the constant where the key is present. */
export function checkConstant(object: JsonObject, key: string, constant: string): void {
  const value = member(object, key);
  if (value !== undefined && value !== constant) refuse(400, `Field '${key}' invalid`);
}

/** Refuses anything but a JSON object where the key is present. */
export function checkHashes(object: JsonObject, keys: readonly string[]): void {
  for (const key of keys) {
    const value = member(object, key);
    if (value !== undefined && !isObject(value)) refuse(400, `Field '${key}' is not a hash`);
  }
}

/** Refuses a map whose names or values do not match, where the key is present. */
export function checkMap(
  value: Json | undefined,
  label: string,
  namePattern: RegExp,
  isValid: (text: string) => boolean,
): void {
  if (value === undefined) return;
  if (!isObject(value)) refuse(400, `Field '${label}' is not a hash`);
  for (const [name, text] of value.members) {
    if (!namePattern.test(name)) refuse(400, `Invalid key '${name}' for ${label}`);
    if (typeof text !== 'string' || !isValid(text)) refuse(400, `Invalid value '${String(text)}' for ${label}`);
  }
}
