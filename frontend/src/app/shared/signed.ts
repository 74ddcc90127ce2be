/** Which way a signed figure points. */
export type Way = 'up' | 'down' | 'none';

/** The way of a number: none at zero. */
export function wayOf(value: number): Way {
  return value > 0 ? 'up' : value < 0 ? 'down' : 'none';
}

/** The arrow beside a signed figure; nothing where it points nowhere. */
export const ARROWS: Readonly<Record<Way, string>> = { up: '▲', down: '▼', none: '' };

/** The look of a component that shows one: its host has the way for a class. */
export const SIGNED_STYLES = `
  :host {
    white-space: nowrap;
    font-variant-numeric: tabular-nums;
  }
  :host(.up) {
    color: var(--k-gain);
  }
  :host(.down) {
    color: var(--k-loss);
  }
  :host(.none) {
    color: var(--mat-sys-on-surface-variant);
  }
  span {
    font-size: 0.8em;
  }
`;
