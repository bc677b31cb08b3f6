import { ChefRequestError } from '../model/chef-request-error.ts';
import { listOf, type ObjectRef } from '../model/object-path.ts';
import type { ChefObject, MissingObject } from '../ports/chef-org.ts';
import { memberText } from './json-slices.ts';
import { isMissingObject, isMissingOrganization, jsonObject, type OrgRequests, refused } from './org-requests.ts';

/** Reads one object; its text is the answer's own. A data bag, which has no content of its own, shows its name. */
export async function readObject(org: OrgRequests, ref: ObjectRef): Promise<ChefObject | MissingObject> {
  const answer = await org.send({ method: 'GET', path: ref.path, accepts: [404], latencyKind: `GET ${ref.kind}` });
  if (answer.status === 404) {
    if (isMissingOrganization(answer)) throw refused(answer);
    return { missing: true, isChefShaped: isMissingObject(answer) };
  }
  jsonObject(answer);
  return { ref, text: ref.kind === 'data_bag' ? dataBagText(ref) : answer.text };
}

/** Creates an object from the text of `read`; never changes one that exists. */
export async function createObject(
  org: OrgRequests,
  ref: ObjectRef,
  text: string,
): Promise<'created' | 'exists' | 'no-container'> {
  if (ref.kind === 'cookbook_version') throw new Error('cookbook versions are written with writeCookbook');
  if (ref.kind !== 'data_bag') refuseOtherName(ref, text);
  const answer = await org.send({
    method: 'POST',
    path: listOf(ref),
    body: ref.kind === 'data_bag' ? dataBagText(ref) : bodyFor(ref, text),
    accepts: ref.kind === 'data_bag_item' ? [404, 409] : [409],
    latencyKind: `POST ${ref.kind}`,
  });
  if (answer.status === 409) return 'exists';
  if (answer.status === 404) {
    if (!isMissingObject(answer)) throw refused(answer);
    return 'no-container';
  }
  jsonObject(answer);
  return 'created';
}

/** Replaces an object by the text of `read`; never creates one, and never touches an object of another name. */
export async function replaceObject(org: OrgRequests, ref: ObjectRef, text: string): Promise<'replaced' | 'missing'> {
  if (ref.kind === 'cookbook_version') throw new Error('cookbook versions are written with writeCookbook');
  // Data bags have nothing that could be replaced: servers know no PUT for them.
  if (ref.kind === 'data_bag') return 'missing' in (await readObject(org, ref)) ? 'missing' : 'replaced';
  refuseOtherName(ref, text);
  const answer = await org.send({
    method: 'PUT',
    path: ref.path,
    body: bodyFor(ref, text),
    accepts: [404],
    latencyKind: `PUT ${ref.kind}`,
  });
  if (answer.status === 404) {
    if (!isMissingObject(answer)) throw refused(answer);
    return 'missing';
  }
  jsonObject(answer);
  return 'replaced';
}

/** Deletes one object; a data bag goes with all its items. */
export async function removeObject(org: OrgRequests, ref: ObjectRef): Promise<'removed' | 'missing'> {
  const answer = await org.send({
    method: 'DELETE',
    path: ref.path,
    accepts: [404],
    latencyKind: `DELETE ${ref.kind}`,
  });
  if (answer.status === 404) {
    if (!isMissingObject(answer)) throw refused(answer);
    return 'missing';
  }
  jsonObject(answer);
  return 'removed';
}

function dataBagText(ref: ObjectRef): string {
  return JSON.stringify({ name: ref.name });
}

/**
 * The body that stores exactly `text`. Servers take an item with a `raw_data` of its own for the wrapped form and would store only that
 * part, so such an item goes out wrapped itself.
 */
function bodyFor(ref: ObjectRef, text: string): string {
  if (ref.kind !== 'data_bag_item' || !text.includes('raw_data')) return text;
  if (memberText(text, 'raw_data') === undefined) return text;
  const wrapper = {
    name: `data_bag_item_${ref.container}_${ref.name}`,
    json_class: 'Chef::DataBagItem',
    chef_type: 'data_bag_item',
    data_bag: ref.container,
  };
  return `${JSON.stringify(wrapper).slice(0, -1)},"raw_data":${text}}`;
}

/**
 * An environment's PUT with another name inside renames it, and chef-zero renames items as well: that would write to an object nobody
 * asked for.
 */
function refuseOtherName(ref: ObjectRef, text: string): void {
  const field = ref.kind === 'data_bag_item' ? 'id' : 'name';
  const inside = memberText(text, field);
  if (inside === undefined || JSON.parse(inside) === ref.name) return;
  throw new ChefRequestError({
    // What is written was read there.
    side: 'primary',
    request: `GET ${ref.path}`,
    cause: 'object',
    text: `its own ${field} is not "${ref.name}", so a server would store it under another name`,
  });
}
