import type { ListPath } from '../model/object-path.ts';

/** The list after this one in the order of `lists`; the lists of items, sorted, follow the list of bags. Undefined: it was the last. */
export function listAfter(
  lists: readonly ListPath[],
  list: ListPath,
  itemLists: readonly ListPath[],
): ListPath | undefined {
  const isInBags = list.startsWith('/data');
  const nextBag = isInBags ? itemLists.find((path) => list === '/data' || path > list) : undefined;
  return nextBag ?? lists[lists.indexOf(isInBags ? '/data' : list) + 1];
}
