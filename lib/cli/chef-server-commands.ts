import type { ConfiguredOrganization } from '../config/select-organization.ts';
import { shellWord } from './home-address.ts';

/**
 * The commands that do on a Chef server, as its own administrator, what `prepare-org` does from here: one line each, comments included. For
 * a site where no admin key may leave the server. They make no password and no key visible in a list of processes.
 */
export function chefServerCommands(
  { server, serverName, organization }: ConfiguredOrganization,
  { isReader, isRotation }: { readonly isReader: boolean; readonly isRotation: boolean },
): readonly string[] {
  const { user, key } = server;
  const on = `# On ${serverName === 'primary' ? 'the primary' : `the replica ${serverName}`}, ${server.url}:`;
  const pem = `${user}.pem`;
  const keep =
    'file' in key
      ? [
          `# Then here, with ${pem} from there:`,
          `install -D -m 600 ${shellWord(pem)} ${shellWord(key.file)} && shred -u ${shellWord(pem)}`,
        ]
      : [
          `# Then where AWS is at hand, with ${pem} from there:`,
          `aws secretsmanager ${isRotation ? 'put-secret-value --secret-id' : 'create-secret --name'} ${shellWord(key.secret)} --secret-string file://${shellWord(pem)} && shred -u ${shellWord(pem)}`,
        ];
  if (organization === null) {
    return [
      `# ${server.url} has no organizations and so no chef-server-ctl: make the user ${user} with its own tools.`,
    ];
  }
  if (isRotation) {
    return [
      on,
      `chef-server-ctl list-user-keys ${user}`,
      `chef-server-ctl add-user-key ${user} --key-name chef-sync-$(date +%Y%m%d) > ${shellWord(pem)}`,
      ...keep,
      '# When that works, there again, with the name of the old key (the first one is called default):',
      `chef-server-ctl delete-user-key ${user} default`,
    ];
  }
  return [
    on,
    `chef-server-ctl org-create ${organization} ${organization}   # unless there is one`,
    `chef-server-ctl user-create ${user} Chef Sync ${user}@chef-sync.invalid --prompt-for-password --filename ${shellWord(pem)}`,
    `chef-server-ctl org-user-add ${organization} ${user}${isReader ? '' : ' --admin'}`,
    ...keep,
  ];
}
