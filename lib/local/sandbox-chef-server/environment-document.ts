import { checkConstant, checkHashes, checkKeys, checkMap, checkTexts, requiredText } from './check-fields.ts';
import { isVersionConstraint, plainName } from './chef-names.ts';
import { type JsonObject, member, withDefaults } from './json-text.ts';

const keys = new Set([
  'name',
  'description',
  'json_class',
  'chef_type',
  'cookbook_versions',
  'default_attributes',
  'override_attributes',
]);

/** The environment as the server stores it: every missing field filled, any other key refused with 400. */
export function normaliseEnvironment(environment: JsonObject): {
  readonly name: string;
  readonly environment: JsonObject;
} {
  checkKeys(environment, keys);
  const name = requiredText(environment, 'name', plainName);
  checkTexts(environment, ['description']);
  checkConstant(environment, 'json_class', 'Chef::Environment');
  checkConstant(environment, 'chef_type', 'environment');
  checkHashes(environment, ['default_attributes', 'override_attributes']);
  checkMap(member(environment, 'cookbook_versions'), 'cookbook_versions', plainName, isVersionConstraint);

  const filled = withDefaults(environment, [
    ['description', ''],
    ['json_class', 'Chef::Environment'],
    ['chef_type', 'environment'],
    ['cookbook_versions', { members: [] }],
    ['default_attributes', { members: [] }],
    ['override_attributes', { members: [] }],
  ]);
  return { name, environment: filled };
}
