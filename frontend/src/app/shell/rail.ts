import { Component, computed, inject } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import { NavigationEnd, Router, RouterLink } from '@angular/router';
import { filter, map } from 'rxjs';
import { Session } from '@core/auth/session';
import { Icon } from '@shared/icon';
import { DESTINATIONS, isAt } from './nav';

/** Main navigation: a rail at the left, a bar at the bottom on narrow screens. */
@Component({
  selector: 'k-rail',
  imports: [RouterLink, Icon],
  template: `
    <nav aria-label="Main">
      <a class="brand" routerLink="/" aria-label="Kuber, home"
        ><img src="favicon.svg" alt="" width="28" height="28"
      /></a>
      @for (item of destinations(); track item.link) {
        @if (item.admin) {
          <span class="line"></span>
        }
        <a
          class="item"
          [routerLink]="item.link"
          [class.on]="isAt(item, path())"
          [attr.aria-current]="isAt(item, path()) ? 'page' : null"
        >
          <span class="pill"><k-icon [name]="item.icon" [size]="22" /></span>
          {{ item.label }}
        </a>
      }
    </nav>
  `,
  styles: `
    nav {
      display: flex;
      flex-direction: column;
      align-items: center;
      gap: 4px;
      height: 100%;
      border-right: 1px solid var(--mat-sys-outline-variant);
      background: var(--mat-sys-surface-container-low);
    }
    .brand {
      display: grid;
      place-items: center;
      width: 56px;
      height: 56px;
      margin-bottom: 4px;
    }
    .item {
      display: flex;
      flex-direction: column;
      align-items: center;
      justify-content: center;
      gap: 2px;
      width: 64px;
      height: 56px;
      border-radius: 8px;
      color: var(--mat-sys-on-surface-variant);
      font-size: 11px;
      font-weight: 500;
      line-height: 16px;
    }
    .item:hover {
      text-decoration: none;
    }
    .pill {
      display: grid;
      place-items: center;
      width: 48px;
      height: 28px;
      border-radius: 14px;
    }
    .item:hover .pill {
      background: var(--mat-sys-surface-container-high);
    }
    .on {
      color: var(--mat-sys-on-surface);
    }
    .on .pill,
    .on:hover .pill {
      background: var(--mat-sys-secondary-container);
      color: var(--mat-sys-on-secondary-container);
    }
    .line {
      width: 40px;
      margin: 4px 0;
      border-top: 1px solid var(--mat-sys-outline-variant);
    }
    @media (max-width: 700px) {
      .line {
        display: none;
      }
      nav {
        flex-direction: row;
        justify-content: space-around;
        border-top: 1px solid var(--mat-sys-outline-variant);
        border-right: 0;
      }
      .brand {
        display: none;
      }
    }
  `,
})
export class Rail {
  private readonly session = inject(Session);
  private readonly router = inject(Router);
  protected readonly isAt = isAt;
  protected readonly path = toSignal(
    this.router.events.pipe(
      filter((event) => event instanceof NavigationEnd),
      map((event) => pathOf(event.urlAfterRedirects)),
    ),
    { initialValue: pathOf(this.router.url) },
  );
  protected readonly destinations = computed(() => {
    const admin = this.session.user()?.role === 'admin';
    return DESTINATIONS.filter((item) => admin || !item.admin);
  });
}

function pathOf(url: string): string {
  return url.split(/[?#]/)[0] ?? url;
}
