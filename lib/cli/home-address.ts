/** The configuration that is read when none is named: in the working directory. */
export const DEFAULT_CONFIG = 'chef-sync.yaml';

/**
 * What a `chef-sync-ctl` command ends in to reach the home of this one from where the operator is: nothing, ` --config FILE` or
 * ` --stack NAME`. Quoted so that a shell takes it as it is.
 */
export function homeAddress({ config, stack }: { readonly config?: unknown; readonly stack?: unknown }): string {
  if (typeof stack === 'string') return ` --stack ${shellWord(stack)}`;
  return typeof config === 'string' && config !== DEFAULT_CONFIG ? ` --config ${shellWord(config)}` : '';
}

/** A sentence whose commands, which stand in quotation marks, all end in the address. */
export const withAddress = (sentence: string, address: string): string =>
  sentence.replace(/"(chef-sync-ctl [^"]*)"/g, (whole, command: string) =>
    command.endsWith(address) ? whole : `"${command}${address}"`,
  );

/** The word as a shell takes it for one. */
export const shellWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
