import type { OrganizationHandle } from '../../lib/local/sandbox-chef-server/organization-handle.ts';

/** Data bags of the measured organization. */
const BAGS = 9;

/**
 * Fills an organization with so many objects, in the shares of an ordinary one: 90 % items in nine data bags, 6 % roles and 4 % cookbook
 * versions, none of them frozen.
 */
export function fillMeasured(organization: OrganizationHandle, objects: number): void {
  const [roles, cookbooks] = [0.06 * objects, 0.04 * objects];
  for (let n = 0; n < objects - roles - cookbooks; n += 1) {
    organization.putItem(`bag${n % BAGS}`, `item${n}`, { value: `${n}`.repeat(50) });
  }
  for (let n = 0; n < roles; n += 1) organization.putRole(`role${n}`, { run_list: [`recipe[book${n % cookbooks}]`] });
  for (let n = 0; n < cookbooks; n += 1) {
    organization.putCookbook(`book${n}`, '1.0.0', { files: { 'recipes/default.rb': `# ${n}\n`, 'README.md': `${n}` } });
  }
}

/** Changes so many of its items. */
export function changeMeasured(organization: OrganizationHandle, items: number): void {
  for (let n = 0; n < items; n += 1) {
    organization.putItem(`bag${n % BAGS}`, `item${n}`, { value: `changed ${n}` });
  }
}
