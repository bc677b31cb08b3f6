import type { ObjectPath } from '../../lib/model/object-path.ts';
import { trustedRef } from '../../lib/model/object-path.ts';

/** Files that several cookbook versions share, as real ones share their LICENSE: deleting one version must not take them from the others. */
const SHARED_FILE = 'shared-license';

/** Part of every data bag item: nothing that a process writes down or says may hold it. */
export const SECRET = 'open-sesame';

/** The JSON of an object with the given content number: equal numbers are equal objects, so a write can go back to what it was. */
export function objectText(path: ObjectPath, content: number, options: TextOptions = {}): string {
  const { kind, name, container } = trustedRef(path);
  switch (kind) {
    case 'data_bag':
      return JSON.stringify({ name });
    case 'data_bag_item':
      return JSON.stringify({ id: name, content, password: SECRET });
    case 'role':
      return JSON.stringify({
        name,
        description: `${content}`,
        run_list: (options.uses ?? []).map(
          (cookbook) => `recipe[${cookbook.slice('/cookbooks/'.length).replace('/', '@')}]`,
        ),
      });
    case 'environment':
      return JSON.stringify({
        name,
        description: `${content}`,
        cookbook_versions: Object.fromEntries(
          (options.uses ?? [])
            .map((cookbook) => cookbook.slice('/cookbooks/'.length).split('/'))
            .map(([cookbook, version]) => [cookbook, `= ${version}`]),
        ),
      });
    case 'cookbook_version':
      return JSON.stringify({
        name: `${container}-${name}`,
        cookbook_name: container,
        version: name,
        'frozen?': options.isFrozen === true,
        metadata: { name: container, version: name },
        all_files: [SHARED_FILE, `${container}-${content}`].map((checksum) => ({
          name: `root_files/${checksum}`,
          path: checksum === SHARED_FILE ? 'LICENSE' : 'recipe.rb',
          checksum,
          specificity: 'default',
        })),
      });
  }
}

/** The content number of a role's, environment's or item's text. */
export const contentOf = (text: string): number => Number(/"(?:description|content)":"?(\d+)/.exec(text)?.[1] ?? 0);

/** A cookbook version as the server keeps it: no write thaws a frozen one. */
export const asKept = (before: string | undefined, text: string): string =>
  before?.includes(FROZEN) === true ? text.replace('"frozen?":false', FROZEN) : text;

/** In the text of a frozen cookbook version. */
const FROZEN = '"frozen?":true';

export interface TextOptions {
  /** Cookbook versions that a role's run list or an environment's pins name. */
  readonly uses?: readonly ObjectPath[];
  readonly isFrozen?: boolean;
}

/** The cookbook versions that a role or an environment written by `objectText` names. */
export function usedCookbooks(path: ObjectPath, text: string): readonly ObjectPath[] {
  if (path.startsWith('/roles/')) {
    return [...text.matchAll(/recipe\[([^@\]]+)@([^\]]+)\]/g)].map(
      ([, name, version]): ObjectPath => `/cookbooks/${name}/${version}`,
    );
  }
  if (path.startsWith('/environments/')) {
    return [...text.matchAll(/"([^"]+)":"= ([^"]+)"/g)].map(
      ([, name, version]): ObjectPath => `/cookbooks/${name}/${version}`,
    );
  }
  return [];
}
