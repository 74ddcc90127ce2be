export interface Destination {
  readonly label: string;
  readonly icon: string;
  readonly link: string;
  /** Only the exact address counts as being there. */
  readonly exact: boolean;
  /** Other addresses that count as being there. */
  readonly also?: readonly string[];
  /** Shown to admins only, below a line. */
  readonly admin?: boolean;
}

/** Whether an address (without its query) belongs to a destination. */
export function isAt({ link, exact, also = [] }: Destination, path: string): boolean {
  if (exact) return path === link;
  return [link, ...also].some((place) => path === place || path.startsWith(`${place}/`));
}

export const DESTINATIONS: readonly Destination[] = [
  { label: 'Home', icon: 'home', link: '/', exact: true },
  { label: 'Pipelines', icon: 'account_tree', link: '/pipelines', exact: false },
  { label: 'Runs', icon: 'play_circle', link: '/runs', exact: false },
  { label: 'Signals', icon: 'sensors', link: '/signals', exact: false },
  {
    label: 'Positions',
    icon: 'monitoring',
    link: '/positions',
    exact: false,
    also: ['/orders', '/accounts', '/switches', '/reconciliations'],
  },
  {
    label: 'Market',
    icon: 'candlestick_chart',
    link: '/instruments',
    exact: false,
    also: ['/import', '/symbols'],
  },
  { label: 'Account', icon: 'person', link: '/account', exact: false },
  { label: 'System', icon: 'dns', link: '/system', exact: false, admin: true },
];
