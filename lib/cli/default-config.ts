/** The configuration that is read when none is named: in the working directory. */
export const DEFAULT_CONFIG = 'chef-sync.yaml';
