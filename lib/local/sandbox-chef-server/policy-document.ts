import { refuse } from './answer.ts';
import { requiredText } from './check-fields.ts';
import { isVersionText, plainName, policyName } from './chef-names.ts';
import { isObject, type Json, type JsonObject, member } from './json-text.ts';

const recipe = /^recipe\[[.\w:-]+::[.\w:-]+\]$/;

/** Checks the document of a policy revision; returns its revision id. Keys that the server does not know are kept. */
export function readPolicyRevision(document: JsonObject, policy: string): string {
  const revisionId = requiredText(document, 'revision_id', policyName);
  const name = requiredText(document, 'name', policyName);
  if (name !== policy) refuse(400, `Field 'name' invalid : ${name} does not match ${policy}`);
  checkRunList(member(document, 'run_list'));
  checkCookbookLocks(member(document, 'cookbook_locks'));
  return revisionId;
}

function checkRunList(list: Json | undefined): void {
  if (list === undefined) refuse(400, "Field 'run_list' missing");
  if (!Array.isArray(list) || !list.every((item) => typeof item === 'string' && recipe.test(item))) {
    refuse(400, "Field 'run_list' is not a valid run list");
  }
}

function checkCookbookLocks(locks: Json | undefined): void {
  if (locks === undefined) refuse(400, "Field 'cookbook_locks' missing");
  if (!isObject(locks)) refuse(400, "Field 'cookbook_locks' invalid");
  for (const [name, lock] of locks.members) {
    if (!plainName.test(name)) refuse(400, `Invalid key '${name}' for cookbook_locks`);
    if (!isObject(lock)) refuse(400, "Field 'cookbook_locks' invalid");
    requiredText(lock, 'identifier', policyName);
    if (member(lock, 'version') === undefined) refuse(400, "Field 'version' missing");
    for (const key of ['version', 'dotted_decimal_identifier']) {
      const version = member(lock, key);
      if (version !== undefined && (typeof version !== 'string' || !isVersionText(version))) {
        refuse(400, `Field '${key}' is not a valid version`);
      }
    }
  }
}
