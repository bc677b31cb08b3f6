import { loadConfig } from '../../lib/config/load-config.ts';
import { openLocalRuntime } from '../../lib/runtime/local-runtime.ts';

/**
 * A process of its own that copies whatever the configuration's primary has, and prints its resident memory before and at the highest.
 * Usage: copy-large-cookbook.ts CONFIG. A first pass over nothing but the small objects warms the process up.
 */
const SAMPLE_EVERY_MS = 10;

const runtime = openLocalRuntime(loadConfig(process.argv[2] ?? ''), { logOf: () => () => undefined, isUnpaced: true });
const never = new AbortController().signal;
const megabytes = (): number => process.memoryUsage.rss() / 1e6;
process.stdin.once('data', async () => {
  const idle = megabytes();
  let peak = idle;
  const sampling = setInterval(() => {
    peak = Math.max(peak, megabytes());
  }, SAMPLE_EVERY_MS);
  const [report] = await runtime.runOnce(never);
  clearInterval(sampling);
  await runtime.close();
  process.stdout.write(`${JSON.stringify({ idle, peak, status: report?.status.text })}\n`);
  process.exit(0);
});
await runtime.runOnce(never);
process.stdout.write('ready\n');
