import * as z from 'zod';
import { configSchema } from './schema.ts';

/**
 * The JSON Schema of `chef-sync.yaml` as it is written, for editors. Looser than `parseConfig`: rules between parts,
 * and the files that are named, are not in it. Draft 7, because that is what the YAML language server reads.
 */
export function configJsonSchema(): object {
  const schema = z.toJSONSchema(configSchema, { io: 'input', target: 'draft-7' });
  return { ...schema, title: 'chef-sync.yaml', description: 'Configuration of Chef Replication, serverless' };
}
