import { claimDaemon, noteReload } from '../../lib/local/claim-daemon.ts';
import { openStateFile } from '../../lib/local/sqlite-state-file.ts';

// A process that claims the state file of its argument, says so, refuses every configuration, and keeps the file until it is killed or its
// standard input ends.
const file = openStateFile(process.argv[2] ?? '', { now: 0 });
const release = claimDaemon(file, Date.UTC(2030, 0, 1));
process.on('SIGHUP', () => noteReload(file, { at: Date.now(), outcome: { refusal: ['no key can be read'] } }));
process.stdout.write('claimed\n');
process.stdin.resume().once('end', () => {
  release();
  process.exit();
});
