import { jsonAnswer, refuse } from './answer.ts';
import { type ApiRequest, nameList, type Route } from './api-request.ts';
import { wrappedItemText } from './data-bag-item-document.ts';
import type { OrganizationStore } from './organization-store.ts';

/** Beyond it the search engine refuses a page, whatever its size. */
const searchWindow = 10_000;

const objectIndexes = ['client', 'environment', 'node', 'role'];

/** Full search for everything (`*:*`); other queries and partial search are not simulated. */
export const searchRoutes: readonly Route[] = [
  {
    path: 'search',
    GET: ({ organization, organizationUrl }) =>
      jsonAnswer(200, nameList([...objectIndexes, ...organization.dataBags.keys()], `${organizationUrl}/search`)),
  },
  { path: 'search/:index', GET: (request, index) => jsonAnswer(200, searchAll(request, index)) },
];

function searchAll({ organization, query, nowMs, faults }: ApiRequest, index: string): string {
  if (!objectIndexes.includes(index) && !organization.dataBags.has(index)) {
    refuse(404, `I don't know how to search for ${index} data objects.`);
  }
  const text = query.get('q') ?? '*:*';
  if (text !== '*:*') refuse(400, `This sandbox server answers only the query *:*, not ${text}`);
  const start = wholeNumber(query.get('start') ?? '0', 'start');
  const rows = wholeNumber(query.get('rows') ?? '1000', 'rows');
  if (start + rows > searchWindow) refuse(500, 'internal service error');

  const { searchIndex } = organization;
  const names = faults.isSearchIndexFrozen ? searchIndex.frozenNames(index) : searchIndex.names(index, nowMs);
  const found = names.slice(start, start + rows).flatMap((name) => storedText(organization, index, name) ?? []);
  return `{"total":${Math.min(names.length, searchWindow)},"start":${start},"rows":[${found.join(',')}]}`;
}

/** The row of a name: its present body from the store, or nothing when it has been deleted since. */
function storedText(organization: OrganizationStore, index: string, name: string): string | undefined {
  if (index === 'role') return organization.roles.get(name);
  if (index === 'environment') return organization.environments.get(name);
  const item = organization.dataBags.get(index)?.get(name);
  return item === undefined ? undefined : wrappedItemText(index, name, item);
}

function wholeNumber(text: string, parameter: string): number {
  return /^\d+$/.test(text) ? Number(text) : refuse(400, `invalid '${parameter}' value: '${text}'`);
}
