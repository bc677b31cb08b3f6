// Names as the server checks them (chef_regex.erl): POSIX classes, ASCII only.

/** Cookbooks and environments. */
export const plainName = /^[.A-Za-z0-9_-]+$/;

/** Roles, data bags and data bag items: may also hold a colon. */
export const colonName = /^[.A-Za-z0-9_:-]+$/;

/** Policies, policy groups, revisions and the identifiers of cookbook artifacts. */
export const policyName = /^[.A-Za-z0-9_:-]{1,255}$/;

/** Organizations: anything else in their place of the path is unknown to the front end's routes. */
export const organizationName = /^[a-z0-9][a-z0-9_-]{0,254}$/;

export const organizationFullName = /^\S.{0,1022}$/;

/** Users and groups: no upper case, no dot. */
export const lowerCaseName = /^[a-z0-9_-]+$/;

const runListItem =
  /^(?:recipe\[(?:[.\w-]+::)?[.\w-]+(?:@\d+(?:\.\d+){0,2})?\]|role\[[.\w-]+\]|(?:[.\w-]+::)?[.\w-]+(?:@\d+(?:\.\d+){0,2})?)$/;
const constraint = /^(?:(?:<|>|<=|>=|~>|=) )?\d+(?:\.\d+){0,2}$/;

/** An item of a run list in its long form (`apt` → `recipe[apt]`), undefined when it is none. */
export function normaliseRunListItem(item: string): string | undefined {
  if (!runListItem.test(item)) return undefined;
  return item.endsWith(']') ? item : `recipe[${item}]`;
}

/** True for one to three numbers. */
export function isVersionText(text: string): boolean {
  return /^\d+(?:\.\d+){0,2}$/.test(text);
}

/** True for `>= 1.2` and the like: one space, one to three numbers. */
export function isVersionConstraint(text: string): boolean {
  return constraint.test(text);
}
