import { describe, expect, it } from 'vitest';
import { organizationPairs } from '../../../lib/config/organization-pairs.ts';
import { readableConfigSchema } from '../../../lib/config/schema.ts';
import { selectOrganization, serversOfSameKey } from '../../../lib/config/select-organization.ts';

const server = (host: string) => ({ url: `https://${host}`, user: 'sync', key: { file: 'key.pem' } });
const { pairs } = organizationPairs(
  readableConfigSchema.parse({
    primary: server('primary'),
    replicas: { eu: server('eu'), us: server('us'), lab: { ...server('lab'), organization: 'none' } },
    organizations: [
      { source: 'acme', replica: ['eu', 'us'] },
      { source: 'acme', destination: 'acme-copy', replica: 'eu' },
      { source: 'tools', destination: 'tools-eu', replica: 'eu' },
      { source: 'acme', replica: 'lab' },
    ],
  }),
  '/etc',
);
const meant = (organization: string, on?: string) => {
  const { serverName, side, organization: name } = selectOrganization(pairs, organization, on);
  return [serverName, side, name];
};

describe('serversOfSameKey', () => {
  it('names the servers that cannot do without a key', () => {
    expect(serversOfSameKey(pairs, selectOrganization(pairs, 'acme-copy'))).toEqual(['primary', 'us', 'lab']);
  });

  it('names none for a key of its own', () => {
    const own = pairs.map((pair) => ({ ...pair, replica: { ...pair.replica, key: { secret: pair.replicaName } } }));

    expect(serversOfSameKey(own, selectOrganization(own, 'acme-copy'))).toEqual([]);
  });
});

describe('selectOrganization', () => {
  it('finds an organization that one server has', () => {
    expect(meant('tools')).toEqual(['primary', 'primary', 'tools']);
    expect(meant('acme-copy')).toEqual(['eu', 'replica', 'acme-copy']);
  });

  it('finds a server without organizations by the word none', () => {
    expect(meant('none')).toEqual(['lab', 'replica', null]);
  });

  it('wants to know which server, where several have it', () => {
    expect(() => meant('acme')).toThrow(
      'the organization "acme" is on primary and on eu and on us; name one of them with --on',
    );
    expect(meant('acme', 'us')).toEqual(['us', 'replica', 'acme']);
    expect(meant('acme', 'primary')).toEqual(['primary', 'primary', 'acme']);
  });

  it.each([
    ['acme', 'uss', 'there is no server "uss" in the configuration; did you mean "us"?'],
    ['acme', 'mars', 'there is no server "mars" in the configuration; the servers are primary, eu, us, lab'],
    ['acme-copi', undefined, 'there is no organization "acme-copi" in the configuration; did you mean "acme-copy"?'],
    [
      'acme-copy',
      'primary',
      'there is no organization "acme-copy" in the configuration of primary; there are acme, tools',
    ],
    ['tools', 'us', 'there is no organization "tools" in the configuration of us; there is acme'],
  ])('refuses %s on %s with what may be meant', (organization, on, sentence) => {
    expect(() => meant(organization, on)).toThrow(sentence);
  });
});
