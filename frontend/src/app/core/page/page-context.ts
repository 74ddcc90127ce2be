import { Injector, Service, inject, signal } from '@angular/core';
import { Title } from '@angular/platform-browser';
import {
  NavigationStart,
  ResolveEnd,
  Router,
  type RouterStateSnapshot,
  TitleStrategy,
} from '@angular/router';
import type { Mode } from '@core/api';
import type { DataBadge } from '@core/market/data-badge';

export interface Crumb {
  readonly label: string;
  readonly link?: string;
}

/**
 * What the top bar says about the page on show. Routes give the plain title; a page that knows more
 * (a name, a mode) calls `show` once it has loaded.
 */
@Service()
export class PageContext {
  private readonly title = inject(Title);
  private readonly shownCrumbs = signal<readonly Crumb[]>([]);
  private readonly shownData = signal<DataBadge | null>(null);
  private readonly shownMode = signal<Mode | null>(null);

  /** Grows whenever something is shown. */
  times = 0;

  readonly crumbs = this.shownCrumbs.asReadonly();
  readonly mode = this.shownMode.asReadonly();
  /** Where the prices on this page come from; null when it has none of its own. */
  readonly data = this.shownData.asReadonly();

  /** `crumbs`: outermost first; the last one names the page itself. */
  show(crumbs: readonly Crumb[], mode: Mode | null = null, data: DataBadge | null = null): void {
    this.times += 1;
    this.shownCrumbs.set(crumbs);
    this.shownMode.set(mode);
    this.shownData.set(data);
    const names = crumbs.map((crumb) => crumb.label).reverse();
    this.title.setTitle([...names, 'Kuber'].join(' · '));
  }
}

/**
 * Feeds route titles to the page context, unless the page that comes has said more by itself; a
 * page that stays, as when its filters change, has said what it has to say.
 */
@Service({ autoProvided: false })
export class PageTitles extends TitleStrategy {
  private readonly page = inject(PageContext);
  private readonly injector = inject(Injector);
  private path: string | null = null;
  private timesBefore: number | null = null;

  override updateTitle(snapshot: RouterStateSnapshot): void {
    const label = this.buildTitle(snapshot);
    const [path = ''] = snapshot.url.split(/[?#]/, 1);
    const said = this.timesBefore !== null && this.page.times > this.timesBefore;
    if (this.timesBefore === null) this.watch();
    if (path !== this.path && !said) this.page.show(label ? [{ label }] : []);
    this.path = path;
  }

  /** The router needs this strategy to be made, and is there only once a page was shown. */
  private watch(): void {
    this.timesBefore = this.page.times;
    this.injector.get(Router).events.subscribe((event) => {
      // The page that goes may still have something to say while the next one is fetched.
      const begins = event instanceof NavigationStart || event instanceof ResolveEnd;
      if (begins) this.timesBefore = this.page.times;
    });
  }
}
