/**
 * The nine folders of a cookbook whose files manifests list by name before API version 2. A manifest of that form always has
 * all nine: Chef 12 clients break on missing ones.
 */
export const COOKBOOK_SEGMENTS = [
  'attributes',
  'definitions',
  'files',
  'libraries',
  'providers',
  'recipes',
  'resources',
  'root_files',
  'templates',
] as const;
