/**
 * A configuration that is refused. Holds every problem found, in the order of the file, each as one line
 * `FILE:LINE:COLUMN: sentence` (`FILE: sentence` when the file itself cannot be read); the message is those lines.
 * A problem never quotes the content of a key file.
 */
export class ConfigError extends Error {
  readonly code = 'CONFIG_REFUSED';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}
