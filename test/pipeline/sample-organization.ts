import type { ObjectPath } from '../../lib/model/object-path.ts';
import type { CookbookContent, ObjectContent } from './organization-editor.ts';

/** JSON text of a role that runs one recipe. */
export const roleText = (name: string, note: string): string =>
  JSON.stringify({
    name,
    description: note,
    json_class: 'Chef::Role',
    chef_type: 'role',
    default_attributes: { motd: note },
    override_attributes: {},
    run_list: ['recipe[base]'],
    env_run_lists: {},
  });

/** JSON text of an environment that pins one cookbook. */
export const environmentText = (name: string, note: string): string =>
  JSON.stringify({
    name,
    description: note,
    json_class: 'Chef::Environment',
    chef_type: 'environment',
    cookbook_versions: { base: '>= 1.0.0' },
    default_attributes: {},
    override_attributes: {},
  });

/** JSON text of an item, with what careless copies change: large integers, other alphabets, escapes. */
export const itemText = (id: string, note: string): string =>
  `{"id":"${id}","note":${JSON.stringify(note)},"serial":12345678901234567890,"text":"größer ≥ 😀 \\"\\\\","list":[1,null,true]}`;

/** Files that every version of every cookbook has, and some that only one has. */
export const cookbookContent = (name: string, version: string, note: string, isFrozen = false): CookbookContent => ({
  files: {
    'metadata.rb': `name '${name}'\nversion '${version}'\n`,
    LICENSE: 'Apache-2.0, shared by every version of every cookbook\n',
    'recipes/default.rb': `# ${name}, the same in all of its versions\npackage '${name}'\n`,
    'recipes/install.rb': `# ${note}\n`,
    'templates/default/app.conf.erb': `listen <%= @port %>\n# ${note}\n`,
    'files/default/empty': '',
  },
  isFrozen,
});

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1);

/**
 * An organization of 75 objects, in an order in which they can be written: 4 data bags with 8 items each (and an empty one), 12 roles, 8
 * environments, 18 cookbook versions that share files, some of them frozen.
 */
export function sampleOrganization(): ReadonlyMap<ObjectPath, ObjectContent> {
  const objects = new Map<ObjectPath, ObjectContent>();
  for (const [index, name] of ['base', 'nginx', 'postgres', 'ruby', 'sudo', 'users'].entries()) {
    for (const minor of range(3)) {
      const version = `1.${minor}.0`;
      const isFrozen = index % 2 === 1 && minor < 3;
      objects.set(`/cookbooks/${name}/${version}`, cookbookContent(name, version, `${name} ${version}`, isFrozen));
    }
  }
  for (const bag of ['apps', 'certificates', 'hosts', 'users']) {
    objects.set(`/data/${bag}`, JSON.stringify({ name: bag }));
    for (const n of range(8)) objects.set(`/data/${bag}/item${n}`, itemText(`item${n}`, `${n} of ${bag}`));
  }
  objects.set('/data/unused', '{"name":"unused"}');
  for (const n of range(12)) objects.set(`/roles/role${n}`, roleText(`role${n}`, `role ${n}`));
  for (const n of range(8)) objects.set(`/environments/env${n}`, environmentText(`env${n}`, `environment ${n}`));
  return objects;
}
