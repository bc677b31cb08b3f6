import { test } from 'vitest';
import { isServerInstalled } from '../support/available-servers.ts';
import { describeReplication } from './replication-story.ts';
import { startGoiardiPair } from './server-kinds.ts';

if (isServerInstalled('goiardi')) {
  describeReplication('goiardi to goiardi', 'empty', { start: startGoiardiPair, chapters: 'bootstrap' });
  describeReplication('goiardi to goiardi', 'half-filled', { start: startGoiardiPair });
} else {
  test('goiardi is not on this machine, so nothing was replicated between two of it', () => {});
}
