import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { FUNCTION_NAMES } from './function-table.ts';

/** Name of the packed configuration beside every bundle. */
export const CONFIG_FILE = 'chef-sync.json';

/** undici requires Node's modules at run time, and a module has no `require` of its own. */
const BANNER =
  "import{createRequire as chefSyncRequire}from'node:module';const require=chefSyncRequire(import.meta.url);";

const FUNCTIONS_FOLDER = fileURLToPath(new URL('../functions', import.meta.url));
const UNDICI_PARTS = fileURLToPath(new URL('undici-parts.js', import.meta.url));
const LAMBDA_CREDENTIALS = fileURLToPath(new URL('lambda-credentials.js', import.meta.url));

/** Parsers that undici takes only when told to, or on processors without vector instructions; each is 70 KB. */
const UNUSED_PARSERS = ['*/milo/simd.js', '*/milo/no-simd.js', '*/llhttp/llhttp-wasm.js'];

/**
 * Leaves one folder per function in `folder`: `NAME/index.mjs`, minified, with everything it imports, the AWS SDK of the
 * lockfile too, and the configuration. All are built at once, because starting the bundler costs more than bundling. The
 * same sources and the same configuration give the same bytes, and so no new version on AWS.
 */
export function bundleFunctions(folder: string, packedConfig: string): void {
  buildSync({
    entryPoints: FUNCTION_NAMES.map((name) => ({ in: join(FUNCTIONS_FOLDER, `${name}.ts`), out: `${name}/index` })),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    mainFields: ['module', 'main'],
    alias: { undici: UNDICI_PARTS, '@aws-sdk/credential-provider-node': LAMBDA_CREDENTIALS },
    external: UNUSED_PARSERS,
    banner: { js: BANNER },
    logLevel: 'warning',
  });
  for (const name of FUNCTION_NAMES) {
    mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, name, CONFIG_FILE), packedConfig);
  }
}
