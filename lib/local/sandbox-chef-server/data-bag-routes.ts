import { jsonAnswer, refuse } from './answer.ts';
import { type ApiRequest, jsonBody, nameList, type Route } from './api-request.ts';
import { requiredText } from './check-fields.ts';
import { colonName } from './chef-names.ts';
import { echoedItem, unwrapItem, wrappedItemText } from './data-bag-item-document.ts';
import { member, withMember, writeJson } from './json-text.ts';

export const dataBagRoutes: readonly Route[] = [
  {
    path: 'data',
    container: 'data',
    GET: ({ organization, organizationUrl }) =>
      jsonAnswer(200, nameList(organization.dataBags.keys(), `${organizationUrl}/data`)),
    POST: (request) => {
      const bag = requiredText(jsonBody(request), 'name', colonName);
      if (request.organization.dataBags.has(bag)) refuse(409, 'Data bag already exists');
      request.organization.createDataBag(bag);
      const uri = `${request.organizationUrl}/data/${bag}`;
      return jsonAnswer(201, JSON.stringify({ uri }), { location: uri });
    },
  },
  {
    path: 'data/:bag',
    container: 'data',
    GET: (request, bag) =>
      jsonAnswer(200, nameList(storedBag(request, bag).keys(), `${request.organizationUrl}/data/${bag}`)),
    POST: (request, bag) => {
      const item = unwrapItem(jsonBody(request));
      const id = requiredText(item, 'id', colonName);
      const items = request.organization.dataBags.get(bag);
      if (items === undefined) {
        refuse(404, `No data bag '${bag}' could be found. Please create this data bag before adding items to it.`);
      }
      if (items.has(id)) refuse(409, `Data Bag Item '${id}' already exists in Data Bag '${bag}'.`);
      request.organization.setItem(bag, id, writeJson(item));
      return jsonAnswer(201, writeJson(echoedItem(bag, item)), {
        location: `${request.organizationUrl}/data/${bag}/${id}`,
      });
    },
    DELETE: (request, bag) => {
      storedBag(request, bag);
      request.organization.deleteDataBag(bag);
      return jsonAnswer(200, JSON.stringify({ name: bag, json_class: 'Chef::DataBag', chef_type: 'data_bag' }));
    },
  },
  {
    path: 'data/:bag/:item',
    container: 'data',
    GET: (request, bag, id) => jsonAnswer(200, storedItem(request, bag, id)),
    PUT: (request, bag, id) => {
      const item = unwrapItem(jsonBody(request));
      if ((member(item, 'id') ?? id) !== id) refuse(400, 'DataBagItem name mismatch.');
      storedItem(request, bag, id);
      const stored = withMember(item, 'id', id);
      request.organization.setItem(bag, id, writeJson(stored));
      return jsonAnswer(200, writeJson(echoedItem(bag, stored)));
    },
    DELETE: (request, bag, id) => {
      const text = storedItem(request, bag, id);
      request.organization.deleteItem(bag, id);
      return jsonAnswer(200, wrappedItemText(bag, id, text));
    },
  },
];

function storedBag({ organization }: ApiRequest, bag: string): ReadonlyMap<string, string> {
  return organization.dataBags.get(bag) ?? refuse(404, `Cannot load data bag ${bag}`);
}

/** A missing bag and a missing item are the same answer. */
function storedItem({ organization }: ApiRequest, bag: string, id: string): string {
  return organization.dataBags.get(bag)?.get(id) ?? refuse(404, `Cannot load data bag item ${id} for data bag ${bag}`);
}
