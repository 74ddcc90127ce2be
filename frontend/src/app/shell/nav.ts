export interface Destination {
  readonly label: string;
  readonly icon: string;
  readonly link: string;
  /** Only the exact address counts as being there. */
  readonly exact: boolean;
  /** Shown to admins only, below a line. */
  readonly admin?: boolean;
}

export const DESTINATIONS: readonly Destination[] = [
  { label: 'Home', icon: 'home', link: '/', exact: true },
  { label: 'Pipelines', icon: 'account_tree', link: '/pipelines', exact: false },
  { label: 'Runs', icon: 'play_circle', link: '/runs', exact: false },
  { label: 'Signals', icon: 'sensors', link: '/signals', exact: false },
  { label: 'Market', icon: 'candlestick_chart', link: '/instruments', exact: false },
  { label: 'Import', icon: 'upload_file', link: '/import', exact: false },
  { label: 'Account', icon: 'person', link: '/account', exact: false },
  { label: 'System', icon: 'dns', link: '/system', exact: false, admin: true },
];
