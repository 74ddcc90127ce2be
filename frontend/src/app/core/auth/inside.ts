/** Pages for people who are not logged in: never where a log-in leads. */
const OUTSIDE = ['/login', '/signup'];

/** The address if it is a page for people who are logged in, else Home. */
export function inside(address: string | undefined): string {
  if (!address?.startsWith('/') || address.startsWith('//')) return '/';
  const path = address.split(/[?#;]/, 1)[0] ?? '';
  return OUTSIDE.includes(path) ? '/' : address;
}

/** The query of the log-in page that leads back to `address`. */
export function leadingBack(address: string): { readonly next?: string } {
  const next = inside(address);
  return next === '/' ? {} : { next };
}
