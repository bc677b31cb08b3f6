import { createHash } from 'node:crypto';
import pMap from 'p-map';
import { type ObjectPath, trustedRef } from '../../lib/model/object-path.ts';
import type { ChefOrg, CookbookFiles } from '../../lib/ports/chef-org.ts';
import { connectChefOrg, hastyClock } from '../contract/connect-chef-org.ts';

/** A cookbook version to be written: content by path within the cookbook. */
export interface CookbookContent {
  readonly files: Readonly<Record<string, string>>;
  readonly isFrozen?: boolean;
}

/** JSON text of an object, or the files of a cookbook version. */
export type ObjectContent = string | CookbookContent;

/** How to reach an organization as somebody who may change everything in it. */
export interface OrganizationAccess {
  readonly url: string;
  readonly user: string;
  readonly keyPem: string;
  /** Null for a server without organizations. */
  readonly organization: string | null;
  /** The server's clock where it is not this machine's. */
  readonly now?: () => number;
}

/** A person who works on one organization of a test server, past the replication. */
export interface OrganizationEditor {
  readonly org: ChefOrg;
  /** Creates the object, or replaces the one that is there. */
  put(path: ObjectPath, content: ObjectContent): Promise<void>;
  remove(path: ObjectPath): Promise<void>;
  /** MD5 of every cookbook file as the server really gives it out, by `COOKBOOK/VERSION PATH`. */
  servedFiles(): Promise<ReadonlyMap<string, string>>;
  /** Paths of all objects, sorted. */
  paths(): Promise<readonly ObjectPath[]>;
  close(): Promise<void>;
}

/** Cookbook versions read at a time. */
const READS_AT_ONCE = 4;

/** Opens an organization for editing, with requests of its own, signed as the access says. */
export function editOrganization(access: OrganizationAccess): OrganizationEditor {
  const { org, close } = connectChefOrg(access, { clock: { ...hastyClock, now: access.now ?? Date.now } });

  async function put(path: ObjectPath, content: ObjectContent): Promise<void> {
    const ref = trustedRef(path);
    if (typeof content !== 'string') {
      const { manifest, files } = cookbookOf(ref.container ?? '', ref.name, content);
      await org.writeCookbook(ref, manifest, files);
      return;
    }
    if ((await org.create(ref, content)) === 'exists') await org.replace(ref, content);
  }

  async function paths(): Promise<readonly ObjectPath[]> {
    const found: ObjectPath[] = [];
    for (const list of ['/cookbooks', '/data', '/roles', '/environments'] as const) {
      const names = await org.names(list);
      found.push(...names.map((name): ObjectPath => `${list}/${name}`));
      if (list !== '/data') continue;
      for (const bag of names) {
        found.push(...(await org.names(`/data/${bag}`)).map((id): ObjectPath => `/data/${bag}/${id}`));
      }
    }
    return found.sort();
  }

  async function servedFilesOf(version: string): Promise<readonly (readonly [string, string])[]> {
    const manifest = await org.read(trustedRef(`/cookbooks/${version}`));
    if ('missing' in manifest) throw new Error(`cookbook version ${version} is listed and missing`);
    const files = org.cookbookFiles(manifest);
    return await pMap(fileEntries(manifest.text), async ({ path, checksum }) => {
      const hash = createHash('md5');
      for await (const piece of await files.open(checksum)) hash.update(piece);
      return [`${version} ${path}`, hash.digest('hex')] as const;
    });
  }

  return {
    org,
    put,
    paths,
    async remove(path) {
      await org.remove(trustedRef(path));
    },
    async servedFiles() {
      const versions = await pMap((await org.names('/cookbooks')).toSorted(), servedFilesOf, {
        concurrency: READS_AT_ONCE,
      });
      return new Map(versions.flat());
    },
    close,
  };
}

interface FileEntry {
  readonly path: string;
  readonly checksum: string;
}

/** A manifest's files, in whatever lists its API version keeps them. */
function fileEntries(manifestText: string): readonly FileEntry[] {
  const manifest: unknown = JSON.parse(manifestText);
  if (typeof manifest !== 'object' || manifest === null) return [];
  return Object.values(manifest)
    .flatMap((value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []))
    .filter(isFileEntry)
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

const isFileEntry = (value: unknown): value is FileEntry =>
  typeof value === 'object' &&
  value !== null &&
  'path' in value &&
  typeof value.path === 'string' &&
  'checksum' in value &&
  typeof value.checksum === 'string';

function cookbookOf(
  name: string,
  version: string,
  content: CookbookContent,
): { manifest: string; files: CookbookFiles } {
  const entries = Object.entries(content.files).map(([path, text]) => {
    const bytes = Buffer.from(text);
    const [segment = '', ...rest] = path.split('/');
    return {
      bytes,
      entry: {
        name: rest.length === 0 ? `root_files/${path}` : `${segment}/${rest.at(-1)}`,
        path,
        checksum: createHash('md5').update(bytes).digest('hex'),
        specificity: rest.length > 1 ? (rest[0] ?? 'default') : 'default',
      },
    };
  });
  const manifest = JSON.stringify({
    name: `${name}-${version}`,
    cookbook_name: name,
    version,
    chef_type: 'cookbook_version',
    json_class: 'Chef::CookbookVersion',
    'frozen?': content.isFrozen ?? false,
    metadata: { name, version, description: `the ${name} cookbook`, dependencies: {} },
    all_files: entries.map(({ entry }) => entry),
  });
  return {
    manifest,
    files: {
      async open(checksum) {
        const found = entries.find(({ entry }) => entry.checksum === checksum);
        if (found === undefined) throw new Error(`the cookbook has no file ${checksum}`);
        return onePiece(found.bytes);
      },
    },
  };
}

async function* onePiece(bytes: Buffer): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}
