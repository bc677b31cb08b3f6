import { createHash } from 'node:crypto';
import pMap from 'p-map';
import { COOKBOOK_SEGMENTS } from '../../lib/model/cookbook-segments.ts';
import { type ObjectRef, objectRef } from '../../lib/model/object-path.ts';
import type { ChefOrg } from '../../lib/ports/chef-org.ts';

/** Bags, items, roles, environments and cookbook versions of the benchmark: 1,020 objects with their 20 bags. */
export const BAGS = 20;
export const ITEMS = 600;
export const ROLES = 200;
export const ENVIRONMENTS = 50;
export const COOKBOOK_VERSIONS = 150;
const FILES_PER_VERSION = 8;

/** One JSON object of the benchmark. */
export interface JsonObject {
  readonly ref: ObjectRef;
  readonly text: string;
}

/** One cookbook version: its manifest without URLs (v0 form, which every server takes) and its files by checksum. */
export interface Cookbook {
  readonly ref: ObjectRef;
  readonly manifest: string;
  readonly files: ReadonlyMap<string, Buffer>;
}

export const md5 = (content: Buffer): string => createHash('md5').update(content).digest('hex');

const ref = (kind: Parameters<typeof objectRef>[0], ...names: readonly string[]): ObjectRef => {
  const made = objectRef(kind, names);
  if ('unknown' in made) throw new Error(made.reason);
  return made;
};

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, n) => n);

export const bags: readonly JsonObject[] = numbers(BAGS).map((n) => ({
  ref: ref('data_bag', `bag${n}`),
  text: JSON.stringify({ name: `bag${n}` }),
}));

export const jsonObjects: readonly JsonObject[] = [
  ...numbers(ITEMS).map((n) => ({
    ref: ref('data_bag_item', `bag${n % BAGS}`, `item${n}`),
    text: JSON.stringify({
      id: `item${n}`,
      user: { name: `user${n}`, groups: ['wheel', 'deploy'], uid: 1000 + n },
      note: 'x'.repeat(200),
    }),
  })),
  ...numbers(ROLES).map((n) => ({
    ref: ref('role', `role${n}`),
    text: JSON.stringify({
      name: `role${n}`,
      description: `role number ${n}`,
      json_class: 'Chef::Role',
      chef_type: 'role',
      default_attributes: { port: 8000 + n },
      override_attributes: {},
      run_list: [`recipe[cookbook${n % 30}]`],
      env_run_lists: {},
    }),
  })),
  ...numbers(ENVIRONMENTS).map((n) => ({
    ref: ref('environment', `env${n}`),
    text: JSON.stringify({
      name: `env${n}`,
      description: '',
      json_class: 'Chef::Environment',
      chef_type: 'environment',
      cookbook_versions: { [`cookbook${n % 30}`]: '= 1.0.0' },
      default_attributes: {},
      override_attributes: {},
    }),
  })),
];

/** A cookbook version whose recipes are the given contents. */
export function cookbook(name: string, version: string, contents: readonly Buffer[]): Cookbook {
  const files = new Map(contents.map((content) => [md5(content), content]));
  const recipes = contents.map((content, n) => ({
    name: `recipe${n}.rb`,
    path: `recipes/recipe${n}.rb`,
    checksum: md5(content),
    specificity: 'default',
  }));
  const manifest = JSON.stringify({
    name: `${name}-${version}`,
    cookbook_name: name,
    version,
    chef_type: 'cookbook_version',
    json_class: 'Chef::CookbookVersion',
    'frozen?': false,
    metadata: { name, version, description: '', dependencies: {}, platforms: {} },
    ...Object.fromEntries(COOKBOOK_SEGMENTS.map((segment) => [segment, segment === 'recipes' ? recipes : []])),
  });
  return { ref: ref('cookbook_version', name, version), manifest, files };
}

export const cookbooks: readonly Cookbook[] = numbers(COOKBOOK_VERSIONS).map((n) =>
  cookbook(
    `cookbook${n % 30}`,
    `1.${Math.floor(n / 30)}.0`,
    numbers(FILES_PER_VERSION).map((file) =>
      Buffer.from(`# recipe ${file} of version ${n}\n${'log "hello"\n'.repeat(20)}`),
    ),
  ),
);

/** Puts cookbook versions into an organization. */
export async function putCookbooks(org: ChefOrg, versions: readonly Cookbook[]): Promise<void> {
  for (const version of versions) {
    await org.writeCookbook(version.ref, version.manifest, {
      async open(checksum) {
        const content = version.files.get(checksum);
        if (content === undefined) throw new Error(`no file ${checksum}`);
        return (async function* () {
          yield content;
        })();
      },
    });
  }
}

/** Fills an organization with everything. */
export async function fill(org: ChefOrg): Promise<void> {
  await pMap(bags, ({ ref: bag, text }) => org.create(bag, text), { concurrency: 8 });
  await pMap(jsonObjects, ({ ref: object, text }) => org.create(object, text), { concurrency: 8 });
  const byName = [...Map.groupBy(cookbooks, (version) => version.ref.container)];
  await pMap(byName, ([, versions]) => putCookbooks(org, versions), { concurrency: 8 });
}
