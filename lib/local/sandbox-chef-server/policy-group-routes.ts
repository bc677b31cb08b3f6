import { type Answer, jsonAnswer, refuse } from './answer.ts';
import { type ApiRequest, jsonBody, type Route } from './api-request.ts';
import { type JsonObject, writeJson } from './json-text.ts';
import { readPolicyRevision } from './policy-document.ts';
import { ensurePolicy } from './policy-routes.ts';

export const policyGroupRoutes: readonly Route[] = [
  {
    path: 'policy_groups',
    container: 'policy_groups',
    GET: (request) => {
      const groups = [...request.organization.policies.groups].map(([name, policies]) => [
        name,
        // A group without policies has no such key in the list, though it has one by itself.
        { uri: groupUrl(request, name), ...(policies.size === 0 ? {} : { policies: revisionIds(policies) }) },
      ]);
      return jsonAnswer(200, JSON.stringify(Object.fromEntries(groups)));
    },
  },
  {
    path: 'policy_groups/:group',
    container: 'policy_groups',
    GET: (request, group) => jsonAnswer(200, groupText(request, group)),
    DELETE: (request, group) => {
      const text = groupText(request, group);
      request.organization.policies.groups.delete(group);
      return jsonAnswer(200, text);
    },
  },
  {
    path: 'policy_groups/:group/policies/:policy',
    container: 'policy_groups',
    GET: (request, group, policy) => jsonAnswer(200, assignedRevision(request, group, policy)),
    PUT: putAssignment,
    DELETE: (request, group, policy) => {
      const text = assignedRevision(request, group, policy);
      request.organization.policies.groups.get(group)?.delete(policy);
      return jsonAnswer(200, text);
    },
  },
];

/**
 * Puts a revision into a group, and makes policy, group and revision where they are new, one after the other and in no
 * transaction: whoever loses the race for one of them ends with 500, and what came before it stays. The content of a
 * known revision is repeated in the answer and not stored.
 */
async function putAssignment(request: ApiRequest, group: string, policy: string): Promise<Answer> {
  const document = jsonBody(request);
  const revisionId = readPolicyRevision(document, policy);
  const { policies } = request.organization;
  const isNew = policies.groups.get(group)?.has(policy) !== true;
  if (isNew) {
    await ensurePolicy(request, policy);
    await ensureGroup(request, group);
  }
  await ensureRevision(request, policy, revisionId, document);
  policies.assign(group, policy, revisionId);
  const text = writeJson(document);
  return isNew
    ? jsonAnswer(201, text, { location: `${request.organizationUrl}/policies/${policy}` })
    : jsonAnswer(200, text);
}

async function ensureGroup({ organization, insertMs }: ApiRequest, group: string): Promise<void> {
  if (organization.policies.groups.has(group)) return;
  await organization.inserts.win(`policy_groups/${group}`, insertMs, refuseInsert);
  organization.policies.addGroup(group);
}

async function ensureRevision(
  { organization, insertMs }: ApiRequest,
  policy: string,
  revisionId: string,
  document: JsonObject,
): Promise<void> {
  if (organization.policies.revision(policy, revisionId) !== undefined) return;
  await organization.inserts.win(`policies/${policy}/revisions/${revisionId}`, insertMs, refuseInsert);
  organization.policies.addRevision(policy, revisionId, writeJson(document));
}

function refuseInsert(): never {
  return refuse(500, 'internal service error');
}

function assignedRevision({ organization }: ApiRequest, group: string, policy: string): string {
  const { policies } = organization;
  const revisionId = policies.groups.get(group)?.get(policy);
  const text = revisionId === undefined ? undefined : policies.revision(policy, revisionId);
  return text ?? refuse(404, `Cannot load policy ${policy} in policy group ${group}`);
}

function groupText(request: ApiRequest, group: string): string {
  const policies = request.organization.policies.groups.get(group);
  if (policies === undefined) return refuse(404, `policy_group '${group}' not found`);
  return JSON.stringify({ policies: revisionIds(policies), uri: groupUrl(request, group) });
}

function groupUrl({ organizationUrl }: ApiRequest, group: string): string {
  return `${organizationUrl}/policy_groups/${group}`;
}

function revisionIds(policies: ReadonlyMap<string, string>): object {
  return Object.fromEntries([...policies].map(([policy, id]) => [policy, { revision_id: id }]));
}
