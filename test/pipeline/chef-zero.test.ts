import { test } from 'vitest';
import { isServerInstalled } from '../support/available-servers.ts';
import { describeReplication } from './replication-story.ts';
import { startChefZeroPair } from './server-kinds.ts';

if (isServerInstalled('chef-zero')) {
  describeReplication('one organization of a chef-zero to another', 'empty', {
    start: startChefZeroPair,
    chapters: 'bootstrap',
  });
  describeReplication('one organization of a chef-zero to another', 'half-filled', { start: startChefZeroPair });
} else {
  test('chef-zero is not on this machine, so nothing was replicated on it', () => {});
}
