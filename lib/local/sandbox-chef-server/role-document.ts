import { refuse } from './answer.ts';
import { checkConstant, checkHashes, checkKeys, checkTexts, requiredText } from './check-fields.ts';
import { colonName, normaliseRunListItem } from './chef-names.ts';
import { isObject, type Json, type JsonObject, member, withDefaults, withMember } from './json-text.ts';

const keys = new Set([
  'name',
  'description',
  'json_class',
  'chef_type',
  'default_attributes',
  'override_attributes',
  'run_list',
  'env_run_lists',
]);

/**
 * The role as the server stores it: run lists in long form without duplicates, missing fields filled (all but the
 * description), any other key refused with 400.
 */
export function normaliseRole(role: JsonObject): { readonly name: string; readonly role: JsonObject } {
  checkKeys(role, keys);
  const name = requiredText(role, 'name', colonName);
  checkTexts(role, ['description']);
  checkConstant(role, 'json_class', 'Chef::Role');
  checkConstant(role, 'chef_type', 'role');
  checkHashes(role, ['default_attributes', 'override_attributes', 'env_run_lists']);

  const filled = withDefaults(role, [
    ['json_class', 'Chef::Role'],
    ['chef_type', 'role'],
    ['default_attributes', { members: [] }],
    ['override_attributes', { members: [] }],
    ['run_list', []],
    ['env_run_lists', { members: [] }],
  ]);
  const withRunList = withMember(filled, 'run_list', normaliseRunList(member(filled, 'run_list'), 'run_list'));
  return { name, role: withMember(withRunList, 'env_run_lists', normaliseEnvironmentRunLists(withRunList)) };
}

function normaliseEnvironmentRunLists(role: JsonObject): JsonObject {
  const lists = member(role, 'env_run_lists');
  if (!isObject(lists)) return { members: [] };
  return { members: lists.members.map(([name, list]) => [name, normaliseRunList(list, 'env_run_lists')]) };
}

function normaliseRunList(list: Json | undefined, field: string): Json[] {
  if (!Array.isArray(list)) refuse(400, `Field '${field}' is not a valid run list`);
  const items = list.map((item) => (typeof item === 'string' ? normaliseRunListItem(item) : undefined));
  if (items.includes(undefined)) refuse(400, `Field '${field}' is not a valid run list`);
  return [...new Set(items.filter((item) => item !== undefined))];
}
