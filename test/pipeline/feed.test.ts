import { describeReplication } from './replication-story.ts';
import { startFakePair } from './server-kinds.ts';

const start = () => startFakePair({ feed: true });

describeReplication('a primary with a change feed', 'empty', { start });
describeReplication('a primary with a change feed', 'half-filled', { start });
