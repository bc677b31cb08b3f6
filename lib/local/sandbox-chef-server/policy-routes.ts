import { type Answer, jsonAnswer, refuse, refuseWithPage, refuseWithValue } from './answer.ts';
import { type ApiRequest, jsonBody, type Route } from './api-request.ts';
import { isObject, parseJson, withMember, writeJson } from './json-text.ts';
import { readPolicyRevision } from './policy-document.ts';

export const policyRoutes: readonly Route[] = [
  {
    path: 'policies',
    container: 'policies',
    GET: ({ organization, organizationUrl }) => {
      const policies = [...organization.policies.revisions]
        .filter(([, revisions]) => revisions.size > 0)
        .map(([name, revisions]) => [
          name,
          { uri: `${organizationUrl}/policies/${name}`, revisions: revisionMap(revisions) },
        ]);
      return jsonAnswer(200, JSON.stringify(Object.fromEntries(policies)));
    },
  },
  {
    path: 'policies/:name',
    container: 'policies',
    GET: (request, name) => jsonAnswer(200, policyText(storedPolicy(request, name))),
    DELETE: (request, name) => {
      const text = policyText(storedPolicy(request, name));
      request.organization.policies.deletePolicy(name);
      return jsonAnswer(200, text);
    },
  },
  { path: 'policies/:name/revisions', container: 'policies', POST: postRevision },
  {
    path: 'policies/:name/revisions/:revision',
    container: 'policies',
    GET: (request, name, revision) => {
      const document = parseJson(storedRevision(request, name, revision));
      if (!isObject(document)) throw new TypeError('a policy revision is a JSON object');
      return jsonAnswer(200, writeJson(withMember(document, 'policy_group_list', groupsWith(request, revision))));
    },
    DELETE: (request, name, revision) => {
      const text = storedRevision(request, name, revision);
      request.organization.policies.deleteRevision(name, revision);
      return jsonAnswer(200, text);
    },
  },
];

/** Inserts the policy where it is new; two at once, and one meets the other's insert and ends with 500. */
export async function ensurePolicy({ organization, insertMs }: ApiRequest, name: string): Promise<void> {
  if (organization.policies.revisions.has(name)) return;
  await organization.inserts.win(`policies/${name}`, insertMs, () => refuse(500, 'internal service error'));
  organization.policies.addPolicy(name);
}

async function postRevision(request: ApiRequest, name: string): Promise<Answer> {
  const document = jsonBody(request);
  const revisionId = readPolicyRevision(document, name);
  const { policies } = request.organization;
  await ensurePolicy(request, name);
  if (policies.revision(name, revisionId) !== undefined) {
    // The server means to send a text, and sends it as an array of its character codes.
    const text = `Policy '${name}' with revision_id '${revisionId} already exists.`;
    refuseWithValue(
      409,
      [...text].map((character) => character.charCodeAt(0)),
    );
  }
  policies.addRevision(name, revisionId, writeJson(document));
  return jsonAnswer(201, writeJson(document), { location: `${request.organizationUrl}/policies/${name}` });
}

/** A missing policy or revision is a page of the web server inside, in an answer of the API. */
function storedPolicy({ organization }: ApiRequest, name: string): ReadonlyMap<string, string> {
  return organization.policies.revisions.get(name) ?? refuseWithPage(404);
}

function storedRevision({ organization }: ApiRequest, name: string, revisionId: string): string {
  return organization.policies.revision(name, revisionId) ?? refuseWithPage(404);
}

function policyText(revisions: ReadonlyMap<string, string>): string {
  return revisions.size === 0 ? '{}' : JSON.stringify({ revisions: revisionMap(revisions) });
}

function revisionMap(revisions: ReadonlyMap<string, string>): object {
  return Object.fromEntries([...revisions.keys()].map((id) => [id, {}]));
}

/** The groups that hold a revision of this id. The server asks neither for the policy nor for the organization. */
function groupsWith({ directory }: ApiRequest, revisionId: string): string[] {
  return [...directory.organizations.values()].flatMap(({ policies }) =>
    [...policies.groups].flatMap(([group, assigned]) =>
      [...assigned.values()].filter((id) => id === revisionId).map(() => group),
    ),
  );
}
