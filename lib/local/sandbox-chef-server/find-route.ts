import type { Handler, Method, Route } from './api-request.ts';
import { cookbookRoutes } from './cookbook-routes.ts';
import { dataBagRoutes } from './data-bag-routes.ts';
import { environmentRoutes } from './environment-routes.ts';
import { organizationRoutes } from './organization-routes.ts';
import { roleRoutes } from './role-routes.ts';
import { sandboxRoutes } from './sandbox-routes.ts';
import { searchRoutes } from './search-routes.ts';

/** A route with the variable parts of the path that led to it. */
export interface FoundRoute {
  readonly route: Route;
  readonly first: string;
  readonly second: string;
}

const routes = [
  ...organizationRoutes,
  ...roleRoutes,
  ...environmentRoutes,
  ...dataBagRoutes,
  ...cookbookRoutes,
  ...sandboxRoutes,
  ...searchRoutes,
].map((route) => ({ route, parts: route.path.split('/') }));

/** The route of a path below an organization (`data/bag/item`), undefined for one that the front end does not know. */
export function findRoute(path: string): FoundRoute | undefined {
  const parts = path.split('/');
  const found = routes.find(
    (candidate) =>
      candidate.parts.length === parts.length &&
      candidate.parts.every((part, index) => part === parts[index] || (part.startsWith(':') && parts[index] !== '')),
  );
  if (found === undefined) return undefined;
  return { route: found.route, first: decoded(parts[1]), second: decoded(parts[2]) };
}

/** The handler of a method, undefined for one that the route does not allow. */
export function handlerOf(route: Route, method: string): Handler | undefined {
  return isMethod(method) ? route[method] : undefined;
}

function isMethod(method: string): method is Method {
  return method === 'GET' || method === 'POST' || method === 'PUT' || method === 'DELETE';
}

function decoded(part = ''): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // Not an encoding: taken as it is, which no stored name can equal.
    return part;
  }
}
