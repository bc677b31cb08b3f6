import assert from 'node:assert/strict';
import fc from 'fast-check';
import { listNames, searchBodies } from '../../../lib/chef/inventory.ts';
import { type ListPath, memberOf, nameInList } from '../../../lib/model/object-path.ts';
import { cannedOrg } from '../canned-org.ts';
import { resultOf } from '../expected-error.ts';
import { fuzzTarget } from '../fuzz-target.ts';
import { type JsonTree, jsonTree, textOf } from '../json-text.ts';
import { mutatedText } from '../mutated-text.ts';
import { areEqual, isObject, type ReferenceJson, readReference } from '../reference-json.ts';

const WORDS = [
  'total',
  'rows',
  'start',
  'name',
  'raw_data',
  'data_bag',
  'id',
  'secrets',
  'versions',
  'version',
  'web',
  '1.0.0',
];

const row = fc.oneof(
  jsonTree(WORDS),
  jsonTree(WORDS).map((tree): JsonTree => withMember(tree, 'name', 'web')),
  fc.tuple(jsonTree(WORDS), fc.constantFrom('secrets', 'another'), fc.constantFrom('a', 'b', '__proto__')).map(
    ([tree, bag, id]): JsonTree => ({
      kind: 'object',
      members: [
        ['raw_data', withMember(tree, 'id', id)],
        ['data_bag', { kind: 'string', value: bag }],
      ],
    }),
  ),
);

const page = fc
  .tuple(fc.array(row, { maxLength: 5 }), fc.constantFrom('0', '1', '5', '500', '501', '1e308', '-1'), fc.nat())
  .map(
    ([rows, total, style]) =>
      `{"total":${total},"start":0,"rows":[${rows.map((one) => textOf(one, style)).join(',')}]}`,
  );

/** A search ends, whatever total it claims, and gives exactly the bodies in its rows; of two of one name the last. */
export const searchAnswers = fuzzTarget(
  'search answers',
  fc.tuple(
    fc.constantFrom<ListPath>('/roles', '/environments', '/data/secrets'),
    fc.oneof(page, mutatedText(page, WORDS)),
  ),
  async ([list, text]) => {
    const bodies = await resultOf(() => searchBodies(cannedOrg({ status: 200, text }), list));
    if (bodies === undefined) return;
    const answer = readReference(text)?.value;
    const rows = isObject(answer) && typeof answer.get('total') === 'object' ? answer.get('rows') : undefined;
    const wanted = new Map<string, ReferenceJson>();
    for (const one of Array.isArray(rows) ? rows : []) addBody(wanted, one, list === '/data/secrets');
    if (bodies.size === 0 && wanted.size > 0) {
      // A page that is not what a search answers counts as none at all.
      assert.ok(!Array.isArray(rows) || !isFinitePage(text), 'a good page was passed over');
      return;
    }
    assert.deepEqual([...bodies.keys()].sort(), [...wanted.keys()].sort());
    for (const [name, body] of bodies) {
      const [read, expected] = [readReference(body)?.value, wanted.get(name)];
      assert.ok(read !== undefined && expected !== undefined && areEqual(read, expected), `the body of ${name}`);
      assert.ok(text.includes(body), 'the text of a body is a piece of the answer');
    }
  },
);

const names = fc.oneof(
  fc.array(fc.constantFrom('web', '_default', '__proto__', 'constructor', 'a/b', '..', '10', '')),
  fc.array(fc.string({ maxLength: 5 })),
);
const nameList = fc.oneof(
  names.map((all) => `{${all.map((name) => `${JSON.stringify(name)}:"http://h/x"`).join(',')}}`),
  names.map(
    (all) =>
      `{${all.map((name) => `${JSON.stringify(name)}:{"url":"u","versions":[{"version":"1.0.0","url":"u"}]}`).join(',')}}`,
  ),
);

/** A list is complete or an error: its names are all those that the reference finds, and those with a place lead back to themselves. */
export const nameLists = fuzzTarget(
  'lists of names',
  fc.tuple(
    fc.constantFrom<ListPath>('/roles', '/data', '/cookbooks'),
    fc.oneof(nameList, mutatedText(nameList, WORDS)),
  ),
  async ([list, text]) => {
    const found = await resultOf(() => listNames(cannedOrg({ status: 200, text }), list));
    if (found === undefined) return;
    const answer = readReference(text)?.value;
    assert.ok(isObject(answer), 'names come from an object only');
    const wanted = list === '/cookbooks' ? [...answer].flatMap(cookbookNames) : [...answer.keys()];
    assert.deepEqual(found.toSorted(), wanted.toSorted());
    for (const name of found) {
      const member = memberOf(list, name);
      if (!('unknown' in member) && list !== '/cookbooks') assert.equal(nameInList(member), name);
    }
  },
);

function cookbookNames([name, value]: readonly [string, ReferenceJson]): readonly string[] {
  const versions = isObject(value) ? value.get('versions') : undefined;
  assert.ok(Array.isArray(versions), 'a cookbook without a list of versions is no answer');
  return versions.map((one: ReferenceJson) => {
    const version = isObject(one) ? one.get('version') : undefined;
    assert.ok(typeof version === 'string', 'a version without a number is no answer');
    return `${name}/${version}`;
  });
}

function withMember(tree: JsonTree, key: string, value: string): JsonTree {
  const members = tree.kind === 'object' ? tree.members : [];
  return { kind: 'object', members: [...members, [key, { kind: 'string', value }]] };
}

function addBody(bodies: Map<string, ReferenceJson>, row: ReferenceJson, isItem: boolean): void {
  if (!isObject(row)) return;
  const body = isItem ? row.get('raw_data') : row;
  const bag = row.get('data_bag');
  if (!isObject(body) || (isItem && bag !== undefined && bag !== 'secrets')) return;
  const name = body.get(isItem ? 'id' : 'name');
  if (typeof name === 'string') bodies.set(name, body);
}

/** JavaScript reads `1e400` as infinity, which is no count. */
function isFinitePage(text: string): boolean {
  const value: unknown = JSON.parse(text);
  return typeof value === 'object' && value !== null && 'total' in value && Number.isFinite(value.total);
}
