import type { OrganizationDump } from './sandbox-chef-server/organization-dump.ts';
import type { OrganizationHandle, SeedObject } from './sandbox-chef-server/organization-handle.ts';
import type { SeedCookbook } from './sandbox-chef-server/seed-cookbook.ts';

/** Fills an empty organization of a sandbox server with what a small company keeps on its Chef server: objects of every kind. */
export function fillSampleOrganization(organization: OrganizationHandle): void {
  for (const [name, version, cookbook] of COOKBOOKS) organization.putCookbook(name, version, cookbook);
  for (const [bag, items] of Object.entries(DATA_BAGS)) {
    organization.createDataBag(bag);
    for (const [id, item] of Object.entries(items)) organization.putItem(bag, id, item);
  }
  for (const [name, role] of Object.entries(ROLES)) organization.putRole(name, role);
  for (const [name, environment] of Object.entries(ENVIRONMENTS)) organization.putEnvironment(name, environment);
}

/** A day's work on the primary: one change, and how to see that it has arrived. */
export interface SampleChange {
  /** For the reader, in the past tense. */
  readonly what: string;
  make(primary: OrganizationHandle): void;
  hasArrived(replica: OrganizationDump): boolean;
}

/** Changes for an organization that {@link fillSampleOrganization} filled, in the order to make them. */
export const SAMPLE_CHANGES: readonly SampleChange[] = [
  {
    what: 'the role web-server was edited',
    make: (primary) => primary.putRole('web-server', webServerRole(2048)),
    hasArrived: ({ roles }) => roles.get('web-server')?.includes('2048') === true,
  },
  {
    what: 'the cookbook nginx 2.2.0 was uploaded',
    make: (primary) => primary.putCookbook('nginx', '2.2.0', nginx('2.2.0', 'TLSv1.3')),
    hasArrived: ({ cookbooks }) => cookbooks.has('nginx/2.2.0'),
  },
  {
    what: 'the data bag item users/mallory was deleted',
    make: (primary) => primary.deleteItem('users', 'mallory'),
    hasArrived: ({ dataBags }) => dataBags.get('users')?.has('mallory') === false,
  },
];

function metadataRb(name: string, version: string, description: string, depends: readonly string[]): string {
  return [
    `name '${name}'`,
    "maintainer 'Platform Team'",
    "maintainer_email 'platform@example.com'",
    "license 'Apache-2.0'",
    `description '${description}'`,
    `version '${version}'`,
    "chef_version '>= 16.0'",
    "supports 'ubuntu'",
    "supports 'redhat'",
    ...depends.map((line) => `depends '${line}'`),
    '',
  ].join('\n');
}

interface CookbookText {
  readonly description: string;
  readonly depends?: readonly string[];
  readonly files: Readonly<Record<string, string>>;
  readonly isFrozen?: boolean;
}

function cookbook(name: string, version: string, text: CookbookText): SeedCookbook {
  const depends = text.depends ?? [];
  return {
    metadata: {
      description: text.description,
      maintainer: 'Platform Team',
      maintainer_email: 'platform@example.com',
      license: 'Apache-2.0',
      platforms: { ubuntu: '>= 0.0.0', redhat: '>= 0.0.0' },
      dependencies: Object.fromEntries(depends.map((one) => [one, '>= 0.0.0'])),
    },
    files: {
      'metadata.rb': metadataRb(name, version, text.description, depends),
      'README.md': `# ${name}\n\n${text.description}\n`,
      ...text.files,
    },
    frozen: text.isFrozen ?? false,
  };
}

const nginx = (version: string, protocols: string): SeedCookbook =>
  cookbook('nginx', version, {
    description: 'Installs nginx and its virtual hosts',
    depends: ['base'],
    files: {
      'attributes/default.rb': `default['nginx']['worker_connections'] = 1024\ndefault['nginx']['ssl_protocols'] = '${protocols}'\n`,
      'recipes/default.rb': `package 'nginx'

template '/etc/nginx/nginx.conf' do
  source 'nginx.conf.erb'
  owner 'root'
  mode '0644'
  notifies :reload, 'service[nginx]', :delayed
end

cookbook_file '/etc/nginx/mime.types' do
  source 'mime.types'
end

service 'nginx' do
  supports status: true, reload: true
  action %i(enable start)
end
`,
      'recipes/vhosts.rb': `search(:sites, '*:*').each do |site|
  template "/etc/nginx/sites-enabled/#{site['id']}.conf" do
    source 'vhost.conf.erb'
    variables(site: site)
    notifies :reload, 'service[nginx]', :delayed
  end
end
`,
      'templates/default/nginx.conf.erb': `worker_processes auto;
events { worker_connections <%= node['nginx']['worker_connections'] %>; }
http {
  ssl_protocols <%= node['nginx']['ssl_protocols'] %>;
  include /etc/nginx/mime.types;
  include /etc/nginx/sites-enabled/*.conf;
}
`,
      'templates/default/vhost.conf.erb': `server {
  listen 443 ssl;
  server_name <%= @site['domain'] %>;
  root /srv/www/<%= @site['id'] %>;
}
`,
      'files/default/mime.types': 'types {\n  text/html html htm;\n  text/css css;\n  application/json json;\n}\n',
    },
  });

const base = (version: string, packages: string): SeedCookbook =>
  cookbook('base', version, {
    description: 'What every machine gets',
    isFrozen: true,
    files: {
      'recipes/default.rb': `include_recipe 'base::packages'

template '/etc/motd' do
  source 'motd.erb'
  mode '0644'
end

cookbook_file '/etc/sysctl.d/60-base.conf' do
  source 'sysctl.conf'
  notifies :run, 'execute[sysctl --system]', :immediately
end

execute 'sysctl --system' do
  action :nothing
end
`,
      'recipes/packages.rb': `package %w(${packages})\n`,
      'templates/default/motd.erb': "<%= node['fqdn'] %> is managed by Chef (<%= node.chef_environment %>)\n",
      'files/default/sysctl.conf': 'net.ipv4.tcp_syncookies = 1\nfs.file-max = 200000\n',
    },
  });

const COOKBOOKS: readonly (readonly [name: string, version: string, content: SeedCookbook])[] = [
  ['base', '1.3.0', base('1.3.0', 'curl vim')],
  ['base', '1.4.0', base('1.4.0', 'curl vim chrony')],
  ['nginx', '2.0.0', nginx('2.0.0', 'TLSv1 TLSv1.1 TLSv1.2')],
  ['nginx', '2.1.0', nginx('2.1.0', 'TLSv1.2 TLSv1.3')],
  [
    'postgresql',
    '4.0.2',
    cookbook('postgresql', '4.0.2', {
      description: 'Installs PostgreSQL and makes its databases',
      depends: ['base'],
      files: {
        'recipes/server.rb': `package "postgresql-#{node['postgresql']['version']}"

template '/etc/postgresql/postgresql.conf' do
  source 'postgresql.conf.erb'
  owner 'postgres'
  notifies :restart, 'service[postgresql]', :delayed
end

service 'postgresql' do
  action %i(enable start)
end
`,
        'attributes/default.rb':
          "default['postgresql']['version'] = '17'\ndefault['postgresql']['shared_buffers'] = '2GB'\n",
        'templates/default/postgresql.conf.erb':
          "listen_addresses = '*'\nshared_buffers = <%= node['postgresql']['shared_buffers'] %>\nwal_level = replica\n",
      },
    }),
  ],
  [
    'timezone',
    '1.0.0',
    cookbook('timezone', '1.0.0', {
      description: 'Sets the time zone',
      files: { 'recipes/default.rb': "timezone node['timezone'] || 'UTC'\n" },
    }),
  ],
  [
    'users',
    '0.9.1',
    cookbook('users', '0.9.1', {
      description: 'Makes the accounts of the data bag users',
      files: {
        'recipes/default.rb': `search(:users, 'NOT action:remove').each do |account|
  user account['id'] do
    uid account['uid']
    shell account['shell'] || '/bin/bash'
    manage_home true
  end

  directory "/home/#{account['id']}/.ssh" do
    owner account['id']
    mode '0700'
  end
end
`,
        'libraries/accounts.rb': 'module Accounts\n  def self.system?(uid)\n    uid < 1000\n  end\nend\n',
      },
    }),
  ],
  [
    'shop',
    '7.12.3',
    cookbook('shop', '7.12.3', {
      description: 'Deploys the web shop',
      depends: ['nginx', 'postgresql', 'users'],
      files: {
        'recipes/default.rb': `include_recipe 'nginx::vhosts'

release = data_bag_item('releases', node.chef_environment)

remote_file "/srv/shop/shop-#{release['version']}.tar.gz" do
  source release['url']
  checksum release['sha256']
  notifies :run, 'execute[restart shop]', :delayed
end

execute 'restart shop' do
  command 'systemctl restart shop'
  action :nothing
end
`,
        'templates/default/shop.service.erb':
          '[Service]\nExecStart=/srv/shop/bin/shop --port <%= @port %>\nRestart=always\n',
        'files/default/logrotate.conf': '/var/log/shop/*.log {\n  daily\n  rotate 14\n  compress\n}\n',
      },
    }),
  ],
];

const account = (uid: number, groups: readonly string[]): Readonly<Record<string, unknown>> => ({
  uid,
  groups,
  shell: '/bin/bash',
});

const DATA_BAGS: Readonly<Record<string, Readonly<Record<string, SeedObject>>>> = {
  users: {
    alice: account(2001, ['sysadmin', 'deploy']),
    bob: account(2002, ['deploy']),
    carol: account(2003, ['dba']),
    dave: account(2004, ['deploy']),
    erin: account(2005, ['sysadmin']),
    mallory: account(2013, ['deploy']),
  },
  sites: {
    shop: { domain: 'shop.example.com', port: 8080 },
    blog: { domain: 'blog.example.com', port: 8081 },
    intranet: { domain: 'intranet.example.com', port: 8082, allow: ['10.0.0.0/8'] },
  },
  releases: {
    production: {
      version: '7.12.3',
      url: 'https://artifacts.example.com/shop-7.12.3.tar.gz',
      sha256: 'a3f1'.repeat(16),
    },
    staging: { version: '7.13.0', url: 'https://artifacts.example.com/shop-7.13.0.tar.gz', sha256: '09be'.repeat(16) },
    development: {
      version: '7.14.0-rc1',
      url: 'https://artifacts.example.com/shop-rc.tar.gz',
      sha256: '77c0'.repeat(16),
    },
  },
  groups: { sysadmin: { gid: 3001 }, deploy: { gid: 3002 }, dba: { gid: 3003 } },
  limits: {
    // As text, because no JavaScript number is that integer: it arrives digit for digit, and 1.0 is not shortened to 1.
    orders: '{"id":"orders","per_second":1.0,"highest_id":9007199254740993}',
    quotas: { disk_gb: 500, inodes: 2_000_000 },
  },
};

function webServerRole(workerConnections: number): Readonly<Record<string, unknown>> {
  return {
    description: 'Serves the sites behind nginx',
    run_list: ['role[base]', 'recipe[nginx]', 'recipe[nginx::vhosts]'],
    default_attributes: { nginx: { worker_connections: workerConnections } },
  };
}

const ROLES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  base: { description: 'Every machine', run_list: ['recipe[base]', 'recipe[users]'] },
  'web-server': webServerRole(1024),
  'db-server': {
    description: 'PostgreSQL primary',
    run_list: ['role[base]', 'recipe[postgresql::server]'],
    override_attributes: { postgresql: { shared_buffers: '8GB' } },
  },
  'db-standby': { description: 'PostgreSQL standby', run_list: ['role[base]', 'recipe[postgresql::server]'] },
  'shop-app': { description: 'The web shop', run_list: ['role[base]', 'recipe[shop]'] },
  'load-balancer': { description: 'Terminates TLS', run_list: ['role[base]', 'recipe[nginx]'] },
  bastion: { description: 'The way in', run_list: ['role[base]'], default_attributes: { sshd: { port: 2222 } } },
  monitoring: {
    description: 'Watches the others',
    run_list: ['role[base]'],
    env_run_lists: { production: ['role[base]', 'recipe[nginx]'] },
  },
};

const ENVIRONMENTS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  production: { description: 'Customers', cookbook_versions: { base: '= 1.3.0', nginx: '= 2.0.0', shop: '= 7.12.3' } },
  staging: { description: 'Before production', cookbook_versions: { base: '~> 1.4', nginx: '~> 2.1' } },
  development: { description: 'Newest of everything', default_attributes: { debug: true } },
  'disaster-recovery': { description: 'The other site', cookbook_versions: { base: '= 1.3.0' } },
};
