import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { configJsonSchema } from '../../../lib/config/json-schema.ts';

describe('configJsonSchema', () => {
  it('is what docs/chef-sync.schema.json holds; run `npm run schema` after a change', () => {
    const file = new URL('../../../docs/chef-sync.schema.json', import.meta.url);

    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(configJsonSchema());
  });
});
