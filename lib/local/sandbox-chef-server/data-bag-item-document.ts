import { isObject, type JsonObject, member, withMember } from './json-text.ts';

/** The raw item of a body: what is under `raw_data` when the body is a wrapped item, else the body itself. */
export function unwrapItem(body: JsonObject): JsonObject {
  const rawData = member(body, 'raw_data');
  return isObject(rawData) && member(body, 'json_class') === 'Chef::DataBagItem' ? rawData : body;
}

/** A raw item with the two keys that the server adds to what it answers on a write, and never stores. */
export function echoedItem(bag: string, item: JsonObject): JsonObject {
  return withMember(withMember(item, 'chef_type', 'data_bag_item'), 'data_bag', bag);
}

/** The wrapped form in which search and DELETE show an item, around its stored text. */
export function wrappedItemText(bag: string, id: string, rawText: string): string {
  const name = JSON.stringify(`data_bag_item_${bag}_${id}`);
  const dataBag = JSON.stringify(bag);
  return `{"name":${name},"json_class":"Chef::DataBagItem","chef_type":"data_bag_item","data_bag":${dataBag},"raw_data":${rawText}}`;
}
