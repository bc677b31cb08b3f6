import { claimDaemon } from '../../lib/local/claim-daemon.ts';
import { openStateFile } from '../../lib/local/sqlite-state-file.ts';

// A process that claims the state file of its argument, says so, and keeps it until it is killed or its standard input ends.
const release = claimDaemon(openStateFile(process.argv[2] ?? '', { now: 0 }), Date.UTC(2030, 0, 1));
process.stdout.write('claimed\n');
process.stdin.resume().once('end', () => {
  release();
  process.exit();
});
