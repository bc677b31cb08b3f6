import { describe, expect, test } from 'vitest';
import { chefServerCommands } from '../../../lib/cli/chef-server-commands.ts';
import type { KeyPlace } from '../../../lib/config/organization-pair.ts';

const organizationWith = (key: KeyPlace, organization: string | null = 'acme') => ({
  serverName: 'eu',
  side: 'replica' as const,
  organization,
  server: {
    url: 'https://chef-eu.example.com',
    user: 'ec_sync_user',
    key,
    skipsTlsVerification: false,
    signingVersion: '1.3' as const,
    requestsInFlight: 16,
  },
});

describe('the commands for an administrator of the Chef server', () => {
  test('make the user with its rights, and put the key into its file', () => {
    const commands = chefServerCommands(organizationWith({ file: "/etc/it's/eu.pem" }), {
      isReader: false,
      isRotation: false,
    });

    expect(commands).toEqual([
      '# On the replica eu, https://chef-eu.example.com:',
      'chef-server-ctl org-create acme acme   # unless there is one',
      'chef-server-ctl user-create ec_sync_user Chef Sync ec_sync_user@chef-sync.invalid --prompt-for-password --filename ec_sync_user.pem',
      'chef-server-ctl org-user-add acme ec_sync_user --admin',
      '# Then here, with ec_sync_user.pem from there:',
      `install -D -m 600 ec_sync_user.pem '/etc/it'\\''s/eu.pem' && shred -u ec_sync_user.pem`,
    ]);
  });

  test('give a reader no admin rights, and put a key on AWS into its secret', () => {
    const commands = chefServerCommands(organizationWith({ secret: 'chef-sync/eu' }), {
      isReader: true,
      isRotation: false,
    });

    expect(commands).toContain('chef-server-ctl org-user-add acme ec_sync_user');
    expect(commands.at(-1)).toBe(
      'aws secretsmanager create-secret --name chef-sync/eu --secret-string file://ec_sync_user.pem && shred -u ec_sync_user.pem',
    );
  });

  test('rotate a key', () => {
    const commands = chefServerCommands(organizationWith({ secret: 'chef-sync/eu' }), {
      isReader: false,
      isRotation: true,
    });

    expect(
      commands.filter((line) => !line.startsWith('#')).map((line) => line.split(' ').slice(0, 2).join(' ')),
    ).toEqual([
      'chef-server-ctl list-user-keys',
      'chef-server-ctl add-user-key',
      'aws secretsmanager',
      'chef-server-ctl delete-user-key',
    ]);
    expect(commands.join('\n')).toContain('put-secret-value --secret-id chef-sync/eu');
  });

  test('there are none without organizations', () => {
    const [only, ...others] = chefServerCommands(organizationWith({ file: 'eu.pem' }, null), {
      isReader: false,
      isRotation: false,
    });

    expect(only).toMatch(/^# .* has no organizations/);
    expect(others).toEqual([]);
  });
});
