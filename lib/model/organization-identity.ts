const CLIENT = 'client:';

/** What a client, which is not shown the guid of its organization, knows it by: the id of its own, which no other organization has. */
export const identityOfClient = (id: string): string => `${CLIENT}${id}`;

/** How an organization comes to have another identity than before, to follow its name: read as a client, it may be the same one. */
export function howReplaced(before: string | undefined, now: string): string {
  const replaced = 'was replaced by another one of the same name';
  const mayBeSame = [before, now].some((identity) => identity?.startsWith(CLIENT));
  return mayBeSame ? `is read as another client or user, or ${replaced}` : replaced;
}
