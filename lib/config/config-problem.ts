/** Where something stands in the configuration, from the root: `['organizations', 0, 'source']`. */
export type ConfigPath = readonly PropertyKey[];

/** Something to say about one place of the configuration: a whole sentence with the next step, without file and line. */
export interface ConfigProblem {
  readonly path: ConfigPath;
  readonly sentence: string;
}

/**
 * The name of a place as an operator would say it: `replicas.eu.url`. Positions in lists are left out, because the line
 * and column that stand before every sentence tell them better.
 */
export function placeName(path: ConfigPath): string {
  return path.filter((segment) => typeof segment === 'string').join('.') || 'the configuration';
}
