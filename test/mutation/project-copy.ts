import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Protection } from './protections.ts';
import { removeProtection } from './remove-protection.ts';

/** The top of the project. */
export const PROJECT = join(import.meta.dirname, '../..');
const COPIED = ['lib', 'cdk', 'cdk.json', 'test', 'package.json', 'tsconfig.json', 'vitest.config.ts'];

/** A copy of sources and tests in a temporary folder, with the packages of this one. */
export interface ProjectCopy {
  readonly folder: string;
  remove(): Promise<void>;
}

/** Copies the project, or a copy of it, without the protection if one is given. Nothing is ever changed in the project itself. */
export async function copyProject(from: string, removed?: Protection): Promise<ProjectCopy> {
  const folder = await mkdtemp(join(tmpdir(), 'chef-sync-mutation-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true });
  try {
    for (const each of COPIED) await cp(join(from, each), join(folder, each), { recursive: true });
    await symlink(join(PROJECT, 'node_modules'), join(folder, 'node_modules'));
    if (removed !== undefined) {
      const file = join(folder, removed.file);
      await writeFile(file, removeProtection(await readFile(file, 'utf8'), removed));
    }
  } catch (error) {
    await remove();
    throw error;
  }
  return { folder, remove };
}
