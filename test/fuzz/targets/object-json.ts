import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { ObjectKind } from '../../../lib/model/object-kind.ts';
import { fingerprint, pairKey } from '../../../lib/plan/fingerprint.ts';
import { differingFields, normalisedForm } from '../../../lib/plan/normalised-form.ts';
import { checkError } from '../expected-error.ts';
import { fuzzTarget } from '../fuzz-target.ts';
import { jsonObjectTree, textOf } from '../json-text.ts';
import { mutatedText } from '../mutated-text.ts';
import { areEqual, isObject, type ReferenceObject, readReference } from '../reference-json.ts';

const WORDS = [
  ...['id', 'name', 'description', 'json_class', 'chef_type', 'run_list', 'env_run_lists', 'default_attributes'],
  ...['cookbook_versions', 'apt', 'recipe[apt]', 'role[base]', 'raw_data', 'C:\\', 'C:\t', '\\', '\n'],
];
const key = pairKey(Buffer.alloc(32), 'eu/acme');
const style = fc.integer({ min: 0, max: 1_000_000 });

/** Two texts that are often of one object, or nearly. */
const twoTexts = fc
  .tuple(jsonObjectTree(WORDS), jsonObjectTree(WORDS), style, style)
  .chain(([a, b, styleA, styleB]) => {
    const text = textOf(a, styleA);
    return fc.tuple(
      fc.constant(text),
      fc.oneof(
        fc.constant(textOf(a, styleB)),
        fc.constant(textOf(b, styleB)),
        mutatedText(fc.constant(textOf(a, styleB)), WORDS),
      ),
    );
  });

/** Items are equal, and differ in fields, exactly as the reference says; what the reference cannot read is refused. */
export const itemTexts = fuzzTarget('item texts', twoTexts, ([a, b]) => {
  const [objectA, objectB] = [referenceObject(a), referenceObject(b)];
  const [formA, formB] = [formOf('data_bag_item', a), formOf('data_bag_item', b)];
  assert.equal(formA === undefined, objectA === undefined, 'a readable object is read, and nothing else');
  assert.equal(formB === undefined, objectB === undefined, 'a readable object is read, and nothing else');
  if (objectA === undefined || objectB === undefined || formA === undefined || formB === undefined) return;
  const isEqual = areEqual(objectA, objectB);
  assert.equal(formA === formB, isEqual, 'equal forms');
  assert.equal(fingerprint(key, formA) === fingerprint(key, formB), isEqual, 'equal fingerprints');
  assert.deepEqual(differingFields('data_bag_item', a, b), differingKeys(objectA, objectB));
  assert.equal(formOf('data_bag_item', formA), formA, 'a form is its own form');
  const again = referenceObject(formA);
  assert.ok(again !== undefined && areEqual(again, objectA), 'a form is the same object');
});

/** Roles and environments: a form is its own form, what servers add makes no difference, and fields differ if and only if forms do. */
export const definitionTexts = fuzzTarget(
  'role and environment texts',
  fc.tuple(fc.constantFrom<ObjectKind>('role', 'environment', 'data_bag'), twoTexts),
  ([kind, [a, b]]) => {
    const [formA, formB] = [formOf(kind, a), formOf(kind, b)];
    assert.equal(formA === undefined, referenceObject(a) === undefined, 'a readable object is read, and nothing else');
    if (formA === undefined || formB === undefined) return;
    assert.equal(formA === formB, differingFields(kind, a, b).length === 0);
    assert.equal(formOf(kind, formA), formA, 'a form is its own form');
    const [objectA, objectB] = [referenceObject(a), referenceObject(b)];
    if (objectA !== undefined && objectB !== undefined && areEqual(objectA, objectB)) assert.equal(formA, formB);
    const added = a.replace(/\}\s*$/, `${objectA?.size === 0 ? '' : ','}"json_class":"Chef::Any","chef_type":"any"}`);
    assert.equal(formOf(kind, added), formA, 'what is the same in all objects of a kind makes no difference');
  },
);

function formOf(kind: ObjectKind, text: string): string | undefined {
  try {
    return normalisedForm(kind, text);
  } catch (error) {
    checkError(error);
    return undefined;
  }
}

function referenceObject(text: string): ReferenceObject | undefined {
  const value = readReference(text)?.value;
  return isObject(value) ? value : undefined;
}

function differingKeys(a: ReferenceObject, b: ReferenceObject): readonly string[] {
  const keys = [...new Set([...a.keys(), ...b.keys()])].filter((name) => {
    const [valueA, valueB] = [a.get(name), b.get(name)];
    return valueA === undefined || valueB === undefined || !areEqual(valueA, valueB);
  });
  return keys.sort();
}
