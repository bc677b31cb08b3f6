import assert from 'node:assert/strict';
import fc from 'fast-check';
import { OBJECT_KINDS } from '../../../lib/model/object-kind.ts';
import { globPath, listOf, memberOf, nameInList, parseObjectPath, trustedRef } from '../../../lib/model/object-path.ts';
import { fuzzTarget } from '../fuzz-target.ts';
import { mutatedText } from '../mutated-text.ts';

const path = fc.constantFrom(
  '/roles/web',
  'roles/web',
  '/data/bag/item',
  'data_bags/bag/item',
  '/data/bag',
  '/cookbooks/app/1.2',
  'cookbooks/app/01.2.3',
  '/environments/prod',
  '/organizations/acme/roles/web',
  'https://chef.example.com/organizations/acme/data/bag/item',
  'https://chef.example.com/roles/web',
);

/** A path is refused, or it is one segment per name, leads nowhere else, and every spelling of it comes back to the same object. */
export const objectPaths = fuzzTarget(
  'object paths',
  fc.oneof(mutatedText(path, ['organizations/', '\\', '?', '%2f', ' ']), fc.string({ unit: 'binary', maxLength: 30 })),
  (text) => {
    const ref = parseObjectPath(text);
    if ('unknown' in ref) {
      assert.ok(ref.reason !== '');
      return;
    }
    assert.match(ref.path, /^\/[a-z]+(\/[A-Za-z0-9_.:-]+){1,2}$/);
    assert.equal(new URL(`http://h/organizations/o${ref.path}`).pathname, `/organizations/o${ref.path}`);
    assert.equal(ref.path.split('/').length - 2, OBJECT_KINDS[ref.kind].nameCount);
    assert.deepEqual(trustedRef(ref.path), ref);
    assert.deepEqual(parseObjectPath(globPath(ref)), ref);
    assert.deepEqual(parseObjectPath(`https://h:1/organizations/o${ref.path}`), ref);
    assert.deepEqual(memberOf(listOf(ref), nameInList(ref)), ref);
  },
);
