import { writeFileSync } from 'node:fs';
import { configJsonSchema } from './json-schema.ts';

/** Writes `docs/chef-sync.schema.json`; `npm run schema` runs it after a change of the schema. */
const file = new URL('../../docs/chef-sync.schema.json', import.meta.url);
writeFileSync(file, `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
