import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { ConfigError } from '../../../lib/config/config-error.ts';
import { loadConfig, parseConfig } from '../../../lib/config/load-config.ts';
import { awsText, certificate, configText, keys, parse, problemsOf, unreadable } from './config-text.ts';

describe('parseConfig', () => {
  it('fills in everything that a short configuration leaves out', () => {
    const config = parse(configText());

    expect(config.warnings).toEqual([]);
    expect(config.statePath).toBe('/etc/chef-sync.db');
    expect(config.pairs[0]).toEqual({
      name: 'eu/acme',
      replicaName: 'eu',
      source: 'acme',
      destination: 'acme',
      primary: {
        url: 'https://chef.example.com',
        user: 'sync',
        key: { file: '/etc/primary.pem' },
        skipsTlsVerification: false,
        signingVersion: '1.3',
        requestsInFlight: 16,
      },
      replica: {
        url: 'https://eu.example.com',
        user: 'sync',
        key: { file: '/etc/eu.pem' },
        skipsTlsVerification: false,
        signingVersion: '1.3',
        requestsInFlight: 16,
      },
      settings: {
        pollSeconds: 60,
        source: 'auto',
        bootstrap: true,
        drift: 'repair',
        objects: 'all',
        include: [],
        exclude: [],
        inventoryShare: 0.05,
      },
    });
  });

  it('reports every problem at once, in the order of the file', () => {
    const text = configText({
      primary: '{ url: chef.example.com, user: sync, key: { file: primary.pem } }',
      eu: '{ url: https://eu.example.com, usr: sync, key: { file: eu.pem } }',
      organizations: ['{ source: ACME, replica: eu }', '{ source: acme, replica: uss }'],
      rest: 'defaults: { pollSeconds: 0 }',
    });

    expect(problemsOf(text)).toEqual([
      '2:12: primary.url must be the address of a Chef server, like https://chef.example.com',
      '4:38: "usr" is not a known key in replicas.eu; did you mean "user"?',
      "7:7: organizations.source must be an organization's short name: lower-case letters, digits, - and _, beginning with a letter or digit",
      '8:21: there is no replica "uss"; did you mean "us"?',
      '9:13: defaults.pollSeconds must be a whole number of seconds from 1 to 3600',
    ]);
  });

  it('says what a file without any content lacks', () => {
    expect(problemsOf('')).toEqual([
      '1:1: the configuration is empty; it must be a map with version, primary, replicas, organizations, defaults, local, aws',
    ]);
    expect(problemsOf('{}')).toEqual([
      '1:1: version is missing; it must be 1',
      '1:1: primary is missing; it must be a map with url, user, key, tls, signingVersion, requestsInFlight, organization',
      '1:1: replicas is missing; it must be a map of names to servers',
      '1:1: organizations is missing; it must be a list of entries like { source: acme, replica: all }',
    ]);
  });

  it.each([
    [
      'a: [',
      '1:5: this is not valid YAML (Flow sequence in block collection must be sufficiently indented and end with a ]); correct the syntax here',
    ],
    [
      'a: *b',
      '1:1: this is not usable YAML (Unresolved alias (the anchor must be set before the alias): b); write the values out, without aliases',
    ],
    [
      '>\u0000version: 1\n',
      '1:2: this is not valid YAML (Block scalar header includes extra characters: > version:); correct the syntax here',
    ],
    ['a: !key x', '1:4: this is not valid YAML (Unresolved tag: !key); correct the syntax here'],
    ['a: b\n---\na: c', '2:1: this is not valid YAML (a second document begins); correct the syntax here'],
  ])('points at broken YAML: %j', (text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });

  it('refuses a configuration that copies nothing', () => {
    const primary = '{ url: https://chef.example.com, user: sync, key: { file: p.pem } }';

    expect(problemsOf(`version: 1\nprimary: ${primary}\nreplicas: {}\norganizations: []`)).toEqual([
      '3:1: replicas must hold at least one replica',
      '4:1: organizations must list at least one organization, like { source: acme, replica: all }',
    ]);
  });

  it('refuses a key that is written twice, beside all other problems', () => {
    const text = configText({ version: 'version: 1\nversion: 1', rest: 'default: {}' });

    expect(problemsOf(text)).toEqual([
      '2:1: this key is written twice in the same place; remove one of the two',
      '9:1: "default" is not a known key; did you mean "defaults"?',
    ]);
  });

  it('says nothing of the content when the version is newer than it knows', () => {
    expect(problemsOf('version: 2\nprimaries: []')).toEqual([
      '1:1: this file has a newer version than 1, the only one known here; use a newer chef-sync',
    ]);
  });

  it.each([
    [{ rest: 'events: { port: 8080 }' }, '8:1: `events` is not supported yet; remove it'],
    [
      { organizations: ['{ source: acme, replica: eu, objects: [roles, policies] }'] },
      '7:51: organizations.objects cannot hold policies: not supported yet; remove it',
    ],
    [
      { organizations: ['{ source: acme, replica: eu, exclude: ["policy_groups/*"] }'] },
      '7:44: organizations.exclude cannot hold policy_groups: not supported yet; remove it',
    ],
  ])('refuses what is not built yet, and never ignores it: %j', (parts, problem) => {
    expect(problemsOf(configText(parts))).toEqual([problem]);
  });

  it('refuses for one machine what only a deployment to AWS can use', () => {
    const text = configText({
      eu: '{ url: https://eu.example.com, user: sync, key: { secret: chef-sync/eu } }',
      rest: 'aws: { alarms: { email: a@example.com } }',
    });

    expect(problemsOf(text)).toEqual([
      '4:57: replicas.eu.key names a secret, which only a deployment to AWS can read; use { file: PATH } for `chef-sync-ctl run`',
      '8:1: `aws` is only for a deployment to AWS, and `chef-sync-ctl run` does nothing with it; remove it',
    ]);
  });

  it('reads no key for AWS, and gives the settings of the deployment', () => {
    const network = '{ vpcId: vpc-1, subnetIds: [subnet-1], securityGroupIds: [sg-1] }';
    const text = awsText({ rest: `aws: { network: ${network}, alarms: { email: a@example.com } }` });

    const config = parseConfig(text, { file: '/etc/chef-sync.yaml', home: 'aws', readFile: unreadable });

    expect(config.pairs[0]?.replica.key).toEqual({ secret: 'chef-sync/eu' });
    expect(config.aws).toEqual({
      network: { vpcId: 'vpc-1', subnetIds: ['subnet-1'], securityGroupIds: ['sg-1'], egress: 'existing' },
      alarms: { email: 'a@example.com' },
    });
  });

  it.each([
    [
      { eu: '{ url: https://eu.example.com, user: sync, key: { file: eu.pem } }' },
      '4:57: replicas.eu.key names a file of this machine, which no Lambda can read; put the key into Secrets Manager and use { secret: NAME }',
    ],
    [
      { eu: '{ url: https://eu.example.com, user: sync, key: { secret: "arn:aws:secretsmanager:x" } }' },
      '4:57: replicas.eu.key.secret must be the name of a secret in Secrets Manager, like chef-sync/primary, and not its ARN',
    ],
    [
      { eu: '{ url: https://eu.example.com, user: sync, key: {} }' },
      '4:50: replicas.eu.key must be { file: PATH } or, on AWS, { secret: NAME }',
    ],
    [{ rest: 'aws: { alarms: {} }' }, '8:8: aws.alarms must be { topicArn: ARN } or { email: ADDRESS }'],
    [
      {
        rest: 'aws: { network: { vpcId: vpc-1, subnetIds: [subnet-1], securityGroupIds: [sg-1], egress: endpoints } }',
      },
      '8:8: aws.network must name the routeTableIds of its subnets, because with `egress: endpoints` DynamoDB is reached through a gateway endpoint',
    ],
  ])('refuses for AWS what no Lambda can use: %j', (parts, problem) => {
    expect(problemsOf(awsText(parts), unreadable, 'aws')).toEqual([problem]);
  });

  it.each([
    ['ftp://chef.example.com', 'must begin with https:// (or http://)'],
    [
      'https://sync:geheim@chef.example.com',
      'must not contain a user or password; requests are signed with the key, so remove what stands before the @',
    ],
    ['https://chef.example.com/?a=b', 'must end with the path; remove what follows the ? or #'],
    [
      'https://chef.example.com/organizations/acme/',
      'must be the address of the server without an organization; move "acme" to `organizations:`',
    ],
    [
      'https://chef.example.com/organizations',
      'must be the address of the server without an organization; remove /organizations',
    ],
  ])('refuses the url %s', (url, phrase) => {
    const primary = `{ url: "${url}", user: sync, key: { file: primary.pem } }`;

    expect(problemsOf(configText({ primary }))).toEqual([`2:12: primary.url ${phrase}`]);
  });

  it('keeps the base path of a url and drops the slashes at its end', () => {
    const primary = '{ url: "HTTPS://Chef.Example.com:443/chef//", user: sync, key: { file: primary.pem } }';

    expect(parse(configText({ primary })).pairs[0]?.primary.url).toBe('https://chef.example.com/chef');
  });

  it.each([
    ['1.3', '1.3'],
    ['"1.1"', '1.1'],
    ['1.1', '1.1'],
    ['1.0', '1.0'],
  ] as const)('takes signing version %s, quoted or not', (written, version) => {
    const eu = `{ url: https://eu.example.com, user: sync, key: { file: eu.pem }, signingVersion: ${written} }`;

    expect(parse(configText({ eu })).pairs[0]?.replica.signingVersion).toBe(version);
  });

  it.each([
    ['defaults: { source: fed }', 'defaults.source must be auto, feed or inventory'],
    ['defaults: { bootstrap: 1 }', 'defaults.bootstrap must be true or false'],
    ['defaults: { pollSeconds: 1.5 }', 'defaults.pollSeconds must be a whole number of seconds from 1 to 3600'],
    [
      'defaults: { requestsInFlight: 33 }',
      'defaults.requestsInFlight must be a whole number from 1 to 32; a Chef server with more requests in flight answers falsely',
    ],
    [
      'defaults: { inventoryShare: 0% }',
      'defaults.inventoryShare must be a share of time above 0% and up to 100%, like 5%',
    ],
    [
      'defaults: { inventoryShare: 5 }',
      'defaults.inventoryShare must be a share of time above 0% and up to 100%, like 5%',
    ],
    [
      'defaults: { objects: [cokbooks] }',
      'defaults.objects must be all or a list of cookbooks, data_bags, roles, environments; did you mean "cookbooks"?',
    ],
    [
      'defaults: { objects: [] }',
      'defaults.objects must be all or a list of cookbooks, data_bags, roles, environments',
    ],
    ['local: { state: }', 'local.state is empty; it must be the path of the SQLite file that keeps ledger and cursor'],
  ])('refuses %s', (rest, sentence) => {
    expect(problemsOf(configText({ rest })).map((line) => line.replace(/^8:\d+: /, ''))).toEqual([sentence]);
  });

  it.each([
    [
      '"bags/x"',
      'cannot be used: "bags/x" matches no object: a glob begins with one of cookbooks, data_bags, roles, environments',
    ],
    [
      '"role/x"',
      'cannot be used: "role/x" matches no object: a glob begins with one of cookbooks, data_bags, roles, environments; did you mean "roles"?',
    ],
    ['"!roles/x"', 'cannot be used: "!roles/x" begins with "!": write the glob without it under "exclude"'],
    ['data_bags/secrets/', 'must not end with a slash; leave it out to mean everything below'],
    ['7', 'must be a glob like data_bags/secrets/*'],
  ])('refuses the glob %s', (glob, phrase) => {
    const organizations = [`{ source: acme, replica: eu, include: [${glob}] }`];

    expect(problemsOf(configText({ organizations }))).toEqual([`7:44: organizations.include ${phrase}`]);
  });

  it('refuses a glob that is longer than any matcher takes', () => {
    const organizations = [`{ source: acme, replica: eu, include: ["roles/${'*'.repeat(70_000)}"] }`];

    expect(problemsOf(configText({ organizations }))).toEqual([
      '7:44: organizations.include must be a glob of at most 1000 characters',
    ]);
  });

  it('knows the file and the settings of the old product', () => {
    const old =
      'role :replica\nmaster "https://chef.example.com"\norganizations [{:source => "A", :destination => "B"}]\n';

    expect(() => parse(old)).toThrow('this is a chef-sync.rb of the old product; write a chef-sync.yaml with');
    expect(problemsOf(configText({ rest: 'master: https://chef.example.com' }))).toEqual([
      expect.stringMatching(/"master" is a setting of the old chef-sync\.rb; docs\/from-chef-sync\.md says what/),
    ]);
  });

  it.each([
    ['a comment', 'role :replica\n# the primary\nmaster "https://chef.example.com"\n'],
    ['a setting that looks like YAML', "role :replica\nec_sync_client['x'] = { organizations: 1 }\n"],
  ])('knows the file of the old product with %s in it', (_, old) => {
    expect(() => parse(old)).toThrow('this is a chef-sync.rb of the old product');
  });

  it('does not take a forgotten colon for the file of the old product', () => {
    const problems = problemsOf('organizations [{source: acme, replica: eu}]\n');

    expect(problems).toEqual([expect.stringContaining('this is not valid YAML')]);
  });

  it('refuses "primary" as the name of a replica, because --on and doctor mean the primary by it', () => {
    const text = configText().replace('  us:', '  primary:');

    expect(problemsOf(text)[0]).toBe('5:3: replicas.primary is what the primary is called; choose another name');
  });

  it.each(['all', 'e/u', 'eu*'])('refuses %j as the name of a replica', (name) => {
    const text = configText().replace('  us:', `  "${name}":`);

    expect(problemsOf(text).join()).toMatch(/^5:3: replicas\.\S+ is no name for a replica/);
  });

  it('refuses a map key that would vanish in JavaScript', () => {
    const text = configText().replace('  us:', '  __proto__:');

    expect(problemsOf(text)).toEqual(['5:3: __proto__ cannot be a key; choose another name']);
  });

  it('does not print what was pasted into the wrong place', () => {
    const pasted = JSON.stringify(keys.pkcs1);
    const secret = keys.pkcs1.split('\n')[3] ?? '';
    const texts = [
      configText({ eu: `{ url: ${pasted}, user: sync, key: { file: eu.pem } }` }),
      configText({ eu: `{ url: https://eu.example.com, user: ${pasted}, key: { file: eu.pem } }` }),
      configText({ eu: `{ url: https://eu.example.com, user: sync, key: ${pasted} }` }),
      configText({ eu: `{ url: https://eu.example.com, user: sync, key: { file: ${pasted} } }` }),
      configText({ eu: `{ url: https://eu.example.com, user: sync, key: ] ${secret}` }),
      configText({ rest: keys.pkcs1 }),
    ];

    for (const text of texts) {
      const problems = problemsOf(text);
      expect(problems).not.toEqual([]);
      expect(problems.join('\n')).not.toContain(secret.slice(0, 20));
    }
  });

  it('warns about a replica that no organization is copied to', () => {
    expect(parse(configText({ organizations: ['{ source: acme, replica: eu }'] })).warnings).toEqual([
      '/etc/chef-sync.yaml:5:3: no organization is copied to the replica "us"; name it in `organizations:` or remove it',
    ]);
  });

  it('follows anchors and aliases', () => {
    const text = configText({
      eu: '{ url: https://eu.example.com, user: &user sync, key: &key { file: keys/all.pem } }',
      us: '{ url: https://us.example.com, user: *user, key: *key }',
    });

    expect(parse(text).pairs[1]?.replica.key).toEqual({ file: '/etc/keys/all.pem' });
  });

  it('accepts the example of the documentation, which sets every key', () => {
    const text = readFileSync(new URL('../../../docs/examples/chef-sync.yaml', import.meta.url), 'utf8');
    const pem = { text: keys.pkcs1, mode: 0o600 };

    const config = parse(text, (path) => (path.endsWith('-ca.pem') ? { text: certificate, mode: 0o644 } : pem));

    expect(config.pairs.map(({ name }) => name)).toEqual(['eu/acme', 'us/acme', 'eu/acme-test', 'lab/none']);
    expect(config.warnings).toEqual([]);
  });

  it('accepts the example of a deployment to AWS', () => {
    const file = fileURLToPath(new URL('../../../docs/examples/chef-sync-aws.yaml', import.meta.url));

    const config = loadConfig(file, { home: 'aws' });

    expect(config.pairs.map(({ name }) => name)).toEqual(['eu/acme', 'us/acme', 'eu/acme-test']);
    expect(config.warnings).toEqual([]);
  });

  it('ends with a ConfigError, whatever the text', () => {
    const yamlLike = fc.array(
      fc.constantFrom(
        'a',
        'version: 1',
        'primary',
        'replicas',
        ':',
        ' ',
        '\n',
        '\n  ',
        '- ',
        '[',
        ']',
        '{',
        '}',
        '"',
        '&a ',
        '*a',
        '? ',
        '|',
        '!t ',
        '#',
        '%',
        ',',
      ),
    );
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      yamlLike.map((tokens) => tokens.join('')),
      fc.json(),
      fc.record({ rest: yamlLike.map((tokens) => tokens.join('')) }).map(configText),
    );
    fc.assert(
      fc.property(texts, (text) => {
        // Every other error than a ConfigError passes through problemsOf and fails the property.
        problemsOf(text);
      }),
      { numRuns: 300 },
    );
  });

  it('ends with a ConfigError when any one part of a good configuration is replaced by any value', () => {
    const value = fc.jsonValue({ maxDepth: 3 }).map((json) => JSON.stringify(json));
    const part = fc.constantFrom('primary', 'eu', 'organizations', 'rest');
    fc.assert(
      fc.property(part, value, (name, json) => {
        const parts = { organizations: { organizations: [json] }, rest: { rest: `defaults: ${json}` } };
        problemsOf(configText(name === 'organizations' || name === 'rest' ? parts[name] : { [name]: json }));
      }),
      { numRuns: 300 },
    );
  });

  it('says that there are too many levels when the YAML parser itself runs out of stack', () => {
    const text = `{"total":1,"rows":[${'['.repeat(3_000)}${'{a: <title>'.repeat(3_000)}]}`;
    expect(problemsOf(text)).toEqual([expect.stringContaining('too many levels')]);
  });

  it.each(['[', '{', '- ', '? ', 'a: {', '&a ', '[*a,'])(
    'comes to an end with %j nested thousands of times',
    (token) => {
      expect(problemsOf(token.repeat(5_000))).not.toEqual([]);
    },
  );
});

describe('loadConfig', () => {
  const folder = mkdtempSync(join(tmpdir(), 'chef-sync-config-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const write = (name: string, content: string | Uint8Array) => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  const refusal = (file: string) => {
    try {
      loadConfig(file);
      return [];
    } catch (error) {
      return error instanceof ConfigError ? error.problems : [String(error)];
    }
  };

  it('reads the keys beside the file, and warns when others can read one', () => {
    for (const name of ['primary.pem', 'eu.pem', 'us.pem']) chmodSync(write(name, keys.pkcs8), 0o600);
    chmodSync(join(folder, 'us.pem'), 0o644);
    const file = write('good.yaml', configText());

    const config = loadConfig(file);

    expect(config.pairs.map(({ name }) => name)).toEqual(['eu/acme', 'us/acme']);
    expect(config.warnings).toEqual([
      `${file}:5:57: the key file "${folder}/us.pem" can be read by other users of this machine; run \`chmod 600\` on it`,
    ]);
  });

  it('names a configuration that does not exist, is a folder, is no text or far too large', () => {
    expect(refusal('/nowhere/chef-sync.yaml')).toEqual([
      '/nowhere/chef-sync.yaml: there is no such file; name the configuration with --config FILE, or write a first one with "chef-sync-ctl init"',
    ]);
    expect(refusal(folder)).toEqual([`${folder}: cannot be read (EISDIR); correct the path or its permissions`]);
    const latin1 = write('latin1.yaml', new Uint8Array([0xe4]));
    expect(refusal(latin1)).toEqual([`${latin1}: is not UTF-8 text; save it as UTF-8`]);
    const large = write('large.yaml', '#'.repeat(1_000_001));
    expect(refusal(large)).toEqual([`${large}: is larger than 1 MB; name a configuration file`]);
  });
});
