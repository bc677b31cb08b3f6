import { InvalidArgumentError } from 'commander';

/** Reads an option's port; throws the sentence that commander shows for anything else. */
export function readPort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new InvalidArgumentError('Give a port, like 8080.');
  return port;
}
