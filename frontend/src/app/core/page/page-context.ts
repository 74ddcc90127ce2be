import { Service, inject, signal } from '@angular/core';
import { Title } from '@angular/platform-browser';
import { type RouterStateSnapshot, TitleStrategy } from '@angular/router';
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

  readonly crumbs = this.shownCrumbs.asReadonly();
  readonly mode = this.shownMode.asReadonly();
  /** Where the prices on this page come from; null when it has none of its own. */
  readonly data = this.shownData.asReadonly();

  /** `crumbs`: outermost first; the last one names the page itself. */
  show(crumbs: readonly Crumb[], mode: Mode | null = null, data: DataBadge | null = null): void {
    this.shownCrumbs.set(crumbs);
    this.shownMode.set(mode);
    this.shownData.set(data);
    const names = crumbs.map((crumb) => crumb.label).reverse();
    this.title.setTitle([...names, 'Kuber'].join(' · '));
  }
}

/** Feeds route titles to the page context on every navigation. */
@Service({ autoProvided: false })
export class PageTitles extends TitleStrategy {
  private readonly page = inject(PageContext);

  override updateTitle(snapshot: RouterStateSnapshot): void {
    const label = this.buildTitle(snapshot);
    this.page.show(label ? [{ label }] : []);
  }
}
