import type { Method, MethodHandlers, Route, ServerRoute } from './api-request.ts';
import { associationRoutes } from './association-routes.ts';
import { clientRoutes } from './client-routes.ts';
import { cookbookArtifactRoutes } from './cookbook-artifact-routes.ts';
import { cookbookRoutes } from './cookbook-routes.ts';
import { dataBagRoutes } from './data-bag-routes.ts';
import { environmentRoutes } from './environment-routes.ts';
import { groupRoutes } from './group-routes.ts';
import { clientKeyRoutes, memberKeyRoutes, userKeyRoutes } from './key-routes.ts';
import { organizationRoutes } from './organization-routes.ts';
import { organizationsRoutes } from './organizations-routes.ts';
import { policyGroupRoutes } from './policy-group-routes.ts';
import { policyRoutes } from './policy-routes.ts';
import { principalRoutes } from './principal-routes.ts';
import { roleRoutes } from './role-routes.ts';
import { sandboxRoutes } from './sandbox-routes.ts';
import { searchRoutes } from './search-routes.ts';
import { userRoutes } from './user-routes.ts';

/** A route with the variable parts of the path that led to it. */
export interface FoundRoute<R> {
  readonly route: R;
  readonly first: string;
  readonly second: string;
}

const routes: readonly Route[] = [
  ...organizationRoutes,
  ...roleRoutes,
  ...environmentRoutes,
  ...dataBagRoutes,
  ...cookbookRoutes,
  ...cookbookArtifactRoutes,
  ...policyRoutes,
  ...policyGroupRoutes,
  ...sandboxRoutes,
  ...searchRoutes,
  ...groupRoutes,
  ...associationRoutes,
  ...clientRoutes,
  ...clientKeyRoutes,
  ...memberKeyRoutes,
  ...principalRoutes,
];

const serverRoutes: readonly ServerRoute[] = [...organizationsRoutes, ...userRoutes, ...userKeyRoutes];

/** The route of a path below an organization (`data/bag/item`), undefined for one that the front end does not know. */
export function findRoute(path: string): FoundRoute<Route> | undefined {
  return find(routes, path);
}

/** The route of a path that belongs to no organization (`users/name`), undefined where there is none. */
export function findServerRoute(path: string): FoundRoute<ServerRoute> | undefined {
  return find(serverRoutes, path);
}

/** The handler of a method, undefined for one that the route does not allow. */
export function handlerOf<R>(route: MethodHandlers<R>, method: string): MethodHandlers<R>[Method] {
  return isMethod(method) ? route[method] : undefined;
}

function find<R extends { readonly path: string }>(among: readonly R[], path: string): FoundRoute<R> | undefined {
  const parts = path.split('/');
  const route = among.find(({ path: pattern }) => {
    const wanted = pattern.split('/');
    return (
      wanted.length === parts.length &&
      wanted.every((part, index) => part === parts[index] || (part.startsWith(':') && parts[index] !== ''))
    );
  });
  if (route === undefined) return undefined;
  const wanted = route.path.split('/');
  const [first = '', second = ''] = parts.filter((_, index) => wanted[index]?.startsWith(':')).map(decoded);
  return { route, first, second };
}

function isMethod(method: string): method is Method {
  return method === 'GET' || method === 'POST' || method === 'PUT' || method === 'DELETE';
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // Not an encoding: taken as it is, which no stored name can equal.
    return part;
  }
}
