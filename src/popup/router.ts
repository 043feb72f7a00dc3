/** Routes are the page's hash: `#/channel/<id>?tab=pay`. */
import { useMemo, useSyncExternalStore } from 'react';

export type Route = { path: string[]; query: URLSearchParams };

export function parseHash(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  return { path: path.split('/').filter(Boolean).map(decodeURIComponent), query: new URLSearchParams(query) };
}

const subscribe = (changed: () => void) => {
  window.addEventListener('hashchange', changed);
  return () => window.removeEventListener('hashchange', changed);
};
const currentHash = () => window.location.hash;

export function useRoute(): Route {
  const hash = useSyncExternalStore(subscribe, currentHash);
  return useMemo(() => parseHash(hash), [hash]);
}

export function navigate(to: string): void {
  window.location.hash = to;
}
/** Without a step back to where one came from. */
export function redirect(to: string): void {
  window.location.replace(`#${to}`);
}
