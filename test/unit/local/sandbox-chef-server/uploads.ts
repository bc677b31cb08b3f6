import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { FakeChefServer } from '../../../support/fake-chef-server.ts';
import { send } from './signed-request.ts';

const acme = '/organizations/acme';
export const md5 = (content: string): string => createHash('md5').update(content).digest('hex');
export const base64Md5 = (content: string): string => createHash('md5').update(content).digest('base64');

const sandboxAnswer = z.object({
  sandbox_id: z.string(),
  checksums: z.record(z.string(), z.object({ needs_upload: z.boolean(), url: z.string().optional() })),
});

/** A sandbox of acme for these contents. */
export async function sandbox(server: FakeChefServer, contents: readonly string[]) {
  const checksums = Object.fromEntries(contents.map((content) => [md5(content), null]));
  const { json } = await send(server, 'POST', `${acme}/sandboxes`, { body: { checksums } });
  const created = sandboxAnswer.parse(json);
  return {
    id: created.sandbox_id,
    needsUpload: (content: string) => created.checksums[md5(content)]?.needs_upload,
    url: (content: string) => created.checksums[md5(content)]?.url ?? '',
    commit: () => send(server, 'PUT', `${acme}/sandboxes/${created.sandbox_id}`, { body: { is_completed: true } }),
  };
}

/** Puts bytes to the URL of an upload, with the headers that its signature wants. */
export function upload(url: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, {
    method: 'PUT',
    body,
    headers: { 'content-type': 'application/x-binary', 'content-md5': base64Md5(body), ...headers },
  });
}

/** Brings these contents to acme, and commits them. */
export async function uploadAll(server: FakeChefServer, contents: readonly string[]): Promise<void> {
  const box = await sandbox(server, contents);
  for (const content of contents.filter((one) => box.needsUpload(one))) await upload(box.url(content), content);
  await box.commit();
}
