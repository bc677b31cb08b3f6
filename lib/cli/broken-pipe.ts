/** A pipe without a reader, and a terminal that was closed. */
const GONE = new Set(['EPIPE', 'EIO']);

/**
 * A reader that goes away early (`| head`) is no fault: what is written after that is dropped, and the command ends as it would have. A
 * daemon goes on, its structured logs are files.
 */
export function ignoreBrokenPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: Error) => {
      if (!('code' in error) || !GONE.has(String(error.code))) throw error;
    });
  }
}
