import { inject, Service } from '@angular/core';
import { NavigationEnd, NavigationStart, Router } from '@angular/router';

/** So many places are remembered; the oldest are forgotten first. */
const MOST = 30;
/** A page that comes back gets so long to be as tall as it was, ms. */
const PATIENCE_MS = 5_000;
/** What shows that a person wants to be somewhere else by now. */
const OWN_WILL = ['wheel', 'touchstart', 'keydown', 'pointerdown'] as const;

interface Place {
  /** Entries are counted anew when the app is: a number alone may name another page. */
  readonly path: string;
  top: number;
  readonly lists: Map<string, unknown>;
}

/**
 * What pages looked like when they were left, by the entry of the browser's history: how far they
 * were scrolled and what their lists had loaded. Back and Forward find it again; a link begins anew.
 */
@Service()
export class KeptPlaces {
  private readonly router = inject(Router);
  private readonly places = new Map<number, Place>();
  private scroller: HTMLElement | null = null;
  private here = 0;
  private path = '';
  /** Stays until the next navigation begins: a page in a nested outlet is made after this one ends. */
  private comingTo: Place | null = null;
  private stopRestoring: () => void = () => undefined;

  constructor() {
    this.router.events.subscribe((event) => {
      if (event instanceof NavigationStart) this.leave(event);
      else if (event instanceof NavigationEnd) this.arrive(event);
    });
  }

  /** Names the element that pages scroll in. */
  scrollIn(element: HTMLElement): void {
    this.scroller = element;
  }

  /** Remembers what a list of the page that is left had loaded. */
  keepList(name: string, snapshot: unknown): void {
    this.placeOf(this.here).lists.set(name, snapshot);
  }

  /** What the list had loaded when the page was left that is now come back to, or undefined. */
  listOf(name: string): unknown {
    return this.comingTo?.lists.get(name);
  }

  clear(): void {
    this.places.clear();
    this.comingTo = null;
  }

  private leave({ navigationTrigger, restoredState, url }: NavigationStart): void {
    this.stopRestoring();
    this.placeOf(this.here).top = this.scroller?.scrollTop ?? 0;
    const entry = navigationTrigger === 'popstate' ? restoredState?.navigationId : undefined;
    const place = entry === undefined ? undefined : this.places.get(entry);
    this.comingTo = place?.path === pathOf(url) ? place : null;
  }

  private arrive({ id, urlAfterRedirects }: NavigationEnd): void {
    const path = pathOf(urlAfterRedirects);
    const samePage = path === this.path;
    const place = this.comingTo;
    [this.here, this.path] = [id, path];
    if (place) this.restore(place.top);
    else if (!samePage) this.scroller?.scrollTo({ top: 0 });
  }

  private placeOf(entry: number): Place {
    let place = this.places.get(entry);
    if (!place) {
      place = { path: this.path, top: 0, lists: new Map() };
      this.places.set(entry, place);
      const [oldest] = this.places.keys();
      if (this.places.size > MOST && oldest !== undefined) this.places.delete(oldest);
    }
    return place;
  }

  /** Scrolls as soon as the page is tall enough, unless the person scrolls first. */
  private restore(top: number): void {
    const until = performance.now() + PATIENCE_MS;
    let frame = 0;
    const step = (): void => {
      const scroller = this.scroller;
      if (!scroller) return;
      scroller.scrollTo({ top });
      const there = scroller.scrollTop >= top - 1;
      if (there || performance.now() > until) this.stopRestoring();
      else frame = requestAnimationFrame(step);
    };
    this.stopRestoring = () => {
      cancelAnimationFrame(frame);
      for (const type of OWN_WILL) window.removeEventListener(type, this.stopRestoring);
      this.stopRestoring = () => undefined;
    };
    for (const type of OWN_WILL) window.addEventListener(type, this.stopRestoring);
    frame = requestAnimationFrame(step);
  }
}

function pathOf(url: string): string {
  return url.split(/[?#]/, 1)[0] ?? '';
}
