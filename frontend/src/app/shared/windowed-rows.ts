import {
  afterNextRender,
  computed,
  DestroyRef,
  ElementRef,
  inject,
  type Signal,
  signal,
} from '@angular/core';

/** Rows beyond the edges that are drawn as well. */
const BEYOND = 12;
/** Shorter lists are drawn whole. */
const WHOLE_UP_TO = 60;

/** The part of a long list that is near the window, and the room that the rest takes, px. */
export interface RowWindow<T> {
  readonly rows: readonly T[];
  /** Place of the first row in the list. */
  readonly first: number;
  readonly above: number;
  readonly below: number;
}

/** The rows of `items` between `top` and `bottom`, px from the first row's upper edge. */
export function windowOf<T>(
  items: readonly T[],
  rowHeight: number,
  top: number,
  bottom: number,
): RowWindow<T> {
  const all = { rows: items, first: 0, above: 0, below: 0 };
  if (items.length <= WHOLE_UP_TO || rowHeight <= 0) return all;
  const first = clamp(Math.floor(top / rowHeight) - BEYOND, items.length);
  const last = clamp(Math.ceil(bottom / rowHeight) + BEYOND, items.length);
  return {
    rows: items.slice(first, Math.max(last, first)),
    first,
    above: first * rowHeight,
    below: (items.length - Math.max(last, first)) * rowHeight,
  };
}

/**
 * Follows how far the page is scrolled and gives the rows to draw. `rowHeight`: px, the same for
 * every row. Call it where things are injected, in the component that holds the rows, which is a
 * block.
 */
export function windowedRows<T>(
  items: Signal<readonly T[]>,
  rowHeight: Signal<number>,
): Signal<RowWindow<T>> {
  const host = inject<ElementRef<HTMLElement>>(ElementRef).nativeElement;
  const seen = signal({ top: 0, bottom: 2_000 });
  let scroller: HTMLElement | null = null;
  let asked = 0;
  const look = (): void => {
    asked = 0;
    if (!scroller) return;
    const rows = host.querySelector('tbody') ?? host;
    const top = scroller.getBoundingClientRect().top - rows.getBoundingClientRect().top;
    seen.set({ top, bottom: top + scroller.clientHeight });
  };
  const ask = (): void => void (asked ||= requestAnimationFrame(look));
  // Content that is projected is made before it has a place in the page.
  const place = (): void => {
    if (!scroller) {
      scroller = host.closest('main');
      scroller?.addEventListener('scroll', ask, { passive: true });
    }
    ask();
  };
  const observer = typeof ResizeObserver === 'undefined' ? null : new ResizeObserver(place);
  afterNextRender(() => {
    observer?.observe(host);
    place();
  });
  inject(DestroyRef).onDestroy(() => {
    scroller?.removeEventListener('scroll', ask);
    observer?.disconnect();
    cancelAnimationFrame(asked);
  });
  return computed(() => windowOf(items(), rowHeight(), seen().top, seen().bottom));
}

function clamp(row: number, count: number): number {
  return Math.max(0, Math.min(count, row));
}
