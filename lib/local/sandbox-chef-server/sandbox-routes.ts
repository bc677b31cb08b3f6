import { randomUUID } from 'node:crypto';
import { demand, isPermitted } from './access-rights.ts';
import { jsonAnswer, refuse } from './answer.ts';
import { type ApiRequest, jsonBody, type Route } from './api-request.ts';
import { isObject, member } from './json-text.ts';

export const sandboxRoutes: readonly Route[] = [
  {
    path: 'sandboxes',
    POST: (request) => {
      demandSandboxes(request);
      const { organization, files, origin, nowMs } = request;
      const wanted = member(jsonBody(request), 'checksums');
      if (wanted === undefined) refuse(400, "Field 'checksums' missing");
      if (!isObject(wanted) || wanted.members.length === 0) refuse(400, 'Bad checksums!');
      if (wanted.members.some(([, value]) => value !== null)) refuse(400, 'Bad checksums!');

      const id = randomUUID().replaceAll('-', '');
      const checksums = wanted.members.map(([checksum]) => checksum);
      organization.sandboxes.set(id, { checksums, createdAtMs: nowMs });
      const entries = checksums.map((checksum) => [
        checksum,
        organization.checksums.isCommitted(checksum)
          ? { needs_upload: false }
          : { needs_upload: true, url: files.uploadUrl(origin, organization.guid, checksum, nowMs) },
      ]);
      const uri = `${request.organizationUrl}/sandboxes/${id}`;
      const body = { sandbox_id: id, uri, checksums: Object.fromEntries(entries) };
      return jsonAnswer(201, JSON.stringify(body), { location: uri });
    },
  },
  {
    path: 'sandboxes/:id',
    PUT: (request, id) => {
      demandSandboxes(request);
      const { organization } = request;
      const isCompleted = member(jsonBody(request), 'is_completed');
      if (isCompleted === undefined) refuse(400, "Field 'is_completed' missing");
      // Seen on the live server: it has no answer for a client that says "not completed".
      if (isCompleted !== true) refuse(500, 'internal service error');
      const sandbox = organization.sandboxes.get(id);
      if (sandbox === undefined) refuse(404, `No such sandbox '${id}'.`);
      const missing = sandbox.checksums.filter(
        (checksum) => !organization.checksums.isCommitted(checksum) && !organization.checksums.files.has(checksum),
      );
      if (missing.length > 0) refuse(503, `Committed incomplete sandbox: ${missing.join(', ')}`);

      organization.checksums.commit(sandbox.checksums);
      organization.sandboxes.delete(id);
      const createTime = `${new Date(sandbox.createdAtMs).toISOString().slice(0, 19)}+00:00`;
      return jsonAnswer(
        200,
        JSON.stringify({
          guid: id,
          name: id,
          checksums: sandbox.checksums,
          create_time: createTime,
          is_completed: true,
        }),
      );
    },
  },
];

/** Making and committing a sandbox are halves of one upload: both need the right to make one. */
function demandSandboxes({ organization, requestor }: ApiRequest): void {
  demand(isPermitted(organization.membership, requestor, 'sandboxes', 'create'), 'create');
}
