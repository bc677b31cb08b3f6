import { type ConfigProblem, placeName } from './config-problem.ts';
import type { ConfigReader } from './home.ts';
import type { LocatedServer } from './organization-pair.ts';
import type { ReadableConfig } from './schema.ts';

/**
 * Settings of the other home than the one the configuration is read for, which would be without effect: a daemon reads no secrets, and a
 * Lambda has no key files. `local:` is let through on AWS, because it names only a file that nobody makes there.
 */
export function foreignSettings(
  config: ReadableConfig,
  servers: readonly LocatedServer[],
  home: ConfigReader,
): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  for (const { settings, path } of servers) {
    const place = placeName([...path, 'key']);
    if (home === 'local' && 'secret' in settings.key) {
      const sentence = `${place} names a secret, which only a deployment to AWS can read; use { file: PATH } for \`chef-sync-ctl run\``;
      problems.push({ path: [...path, 'key', 'secret'], sentence });
    }
    if (home === 'aws' && 'file' in settings.key) {
      const sentence = `${place} names a file of this machine, which no Lambda can read; put the key into Secrets Manager and use { secret: NAME }`;
      problems.push({ path: [...path, 'key', 'file'], sentence });
    }
  }
  if (home === 'local' && config.aws !== undefined) {
    const sentence = '`aws` is only for a deployment to AWS, and `chef-sync-ctl run` does nothing with it; remove it';
    problems.push({ path: ['aws'], sentence });
  }
  return problems;
}
