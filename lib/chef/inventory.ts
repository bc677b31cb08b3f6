import * as z from 'zod/mini';
import { ChefRequestError } from '../model/chef-request-error.ts';
import { OBJECT_KINDS } from '../model/object-kind.ts';
import { kindOfList, type ListPath } from '../model/object-path.ts';
import type { ApiAnswer } from './api-request.ts';
import { arrayElements, memberText } from './json-slices.ts';
import { jsonObject, type OrgRequests, unexpected } from './org-requests.ts';

/** Rows asked for at once. Servers give up to 1,000 by default; half of that keeps an answer of ordinary items near a megabyte. */
const SEARCH_ROWS = 500;
/** A page larger than this is asked for again with fewer rows: items may have 2 MB each. */
const MAX_SEARCH_PAGE_BYTES = 16 * 1024 * 1024;
/** Bags of these names have no index of their own: search would answer with nodes, roles, environments or clients. */
const TAKEN_INDEXES = new Set(['node', 'role', 'environment', 'client']);

const cookbookEntry = z.object({ versions: z.array(z.object({ version: z.string() })) });
const page = z.object({ total: z.number(), rows: z.array(z.unknown()) });

/** All names of a list. Throws rather than answer with a part of it. */
export async function listNames(org: OrgRequests, list: ListPath): Promise<readonly string[]> {
  const kind = kindOfList(list);
  const isCookbooks = kind === 'cookbook_version';
  const answer = await org.send({
    method: 'GET',
    path: list,
    ...(isCookbooks ? { query: 'num_versions=all' } : {}),
    latencyKind: `list ${kind}`,
  });
  const entries = Object.entries(jsonObject(answer));
  if (!isCookbooks) {
    if (entries.some(([, url]) => typeof url !== 'string')) throw unexpected(answer, 'a list of names and URLs');
    return entries.map(([name]) => name);
  }
  return entries.flatMap(([name, entry]) => {
    const cookbook = cookbookEntry.safeParse(entry);
    if (!cookbook.success) throw unexpected(answer, 'a list of cookbooks and their versions');
    return cookbook.data.versions.map(({ version }) => `${name}/${version}`);
  });
}

/**
 * JSON texts of a list's members as search has them, by name. Ends early, with what it has, where the server's search ends: an index
 * that does not exist, a window of 10,000 rows, a search that is out of order (which is told). Undefined when search knows no such list.
 */
export async function searchBodies(
  org: OrgRequests,
  list: ListPath,
  onOutOfOrder: () => void = () => undefined,
): Promise<ReadonlyMap<string, string> | undefined> {
  const { searchIndex } = OBJECT_KINDS[kindOfList(list)];
  if (searchIndex === undefined) return undefined;
  const bag = searchIndex === 'container' ? list.slice('/data/'.length) : undefined;
  if (bag !== undefined && TAKEN_INDEXES.has(bag)) return undefined;
  const index = bag ?? searchIndex;
  const bodies = new Map<string, string>();
  let rows = SEARCH_ROWS;
  for (let start = 0; ; ) {
    const found = await searchPage(org, index, { start, rows }, onOutOfOrder);
    if (found === 'too-large' && rows > 1) {
      rows = Math.floor(rows / 2);
      continue;
    }
    if (found === 'too-large' || found === 'no-search') return bodies;
    const known = bodies.size;
    for (const row of found.rowTexts) addBody(bodies, row, bag);
    // `total` alone ends nothing: goiardi counts the page's rows, Chef also rows whose objects are gone.
    const isLast = found.rowTexts.length < rows && found.total <= start + rows;
    // A page that brings nothing new may come from a server or cache that does not heed `start`: it would come for ever.
    if (isLast || bodies.size === known) return bodies;
    start += rows;
  }
}

/** Once more for a hiccup; what is out of order longer has a way around it. */
const SEARCH_TRIES = 2;

/** Search is a shortcut: where it fails, objects are read one by one, and those reads tell whether the server is well. */
const NO_SEARCH_STATUS = new Set([400, 404, 405, 500, 501, 502, 503, 504]);

async function searchPage(
  org: OrgRequests,
  index: string,
  { start, rows }: { readonly start: number; readonly rows: number },
  onOutOfOrder: () => void,
): Promise<{ readonly total: number; readonly rowTexts: readonly string[] } | 'too-large' | 'no-search'> {
  let answer: ApiAnswer;
  try {
    const query = `q=*:*&start=${start}&rows=${rows}`;
    const request = { method: 'GET', path: `/search/${index}`, query, maxBytes: MAX_SEARCH_PAGE_BYTES } as const;
    answer = await org.send({ ...request, tries: SEARCH_TRIES, isShortcut: true });
  } catch (error) {
    if (!(error instanceof ChefRequestError)) throw error;
    const { status = 0 } = error.failure;
    if (!NO_SEARCH_STATUS.has(status)) throw error;
    if (status >= 500) onOutOfOrder();
    return 'no-search';
  }
  if (answer.isTooLarge) return 'too-large';
  const value = page.safeParse(parsedOrUndefined(answer.text));
  if (!value.success) return 'no-search';
  return { total: value.data.total, rowTexts: arrayElements(memberText(answer.text, 'rows') ?? '[]') };
}

function addBody(bodies: Map<string, string>, rowText: string, bag: string | undefined): void {
  const row: unknown = JSON.parse(rowText);
  if (typeof row !== 'object' || row === null) return;
  if (bag === undefined) {
    if ('name' in row && typeof row.name === 'string') bodies.set(row.name, rowText);
    return;
  }
  if (!('raw_data' in row) || ('data_bag' in row && row.data_bag !== bag)) return;
  const item = row.raw_data;
  const itemText = memberText(rowText, 'raw_data');
  if (typeof item !== 'object' || item === null || !('id' in item) || typeof item.id !== 'string') return;
  if (itemText !== undefined) bodies.set(item.id, itemText);
}

function parsedOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
