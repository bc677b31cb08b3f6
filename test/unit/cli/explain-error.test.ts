import { expect, test } from 'vitest';
import { explainError } from '../../../lib/cli/explain-error.ts';
import { ConfigError } from '../../../lib/config/config-error.ts';
import { SyncError } from '../../../lib/model/sync-error.ts';

test('a refused configuration is shown line by line', () => {
  const error = new ConfigError(['a.yaml:1:1: first', 'a.yaml:2:1: second']);

  expect(explainError(error, false)).toEqual({ exit: 'refused', lines: ['a.yaml:1:1: first', 'a.yaml:2:1: second'] });
});

test('an expected error is its sentence, also with --debug', () => {
  const error = new SyncError('The state file is locked.', {
    code: 'STATE_FILE_LOCKED',
    scope: 'pair',
    retry: 'later',
  });

  expect(explainError(error, true)).toEqual({ exit: 'refused', lines: ['chef-sync-ctl: The state file is locked.'] });
});

test('a server that cannot be used is no refusal: the same command may work later', () => {
  const error = new SyncError('The replica is failing.', { code: 'SERVER', scope: 'endpoint', retry: 'later' });

  expect(explainError(error, false)).toEqual({ exit: 'waiting', lines: ['chef-sync-ctl: The replica is failing.'] });
});

test('a fault of ours is one sentence, with its trace only with --debug', () => {
  const error = new TypeError('x is undefined');

  expect(explainError(error, false)).toEqual({
    exit: 'fault',
    lines: ['chef-sync-ctl: a fault of chef-sync itself: x is undefined; run it again with --debug to see where'],
  });
  expect(explainError(error, true).lines[1]).toMatch(/TypeError: x is undefined\n\s+at /);
});
