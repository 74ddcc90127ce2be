import { afterNextRender, Component, type ElementRef, inject, viewChild } from '@angular/core';
import { RouterOutlet } from '@angular/router';
import { KeptPlaces } from '@core/page/kept-places';
import { NavigationTrouble } from '@core/page/navigation-trouble';
import { LiveSocket } from '@core/socket/live-socket';
import { Accounts } from '@core/trading/accounts';
import { OpenPositions } from '@core/trading/open-positions';
import { Switches } from '@core/trading/switches';
import { Rail } from './rail';
import { SwitchBanner } from './switch-banner';
import { TopBar } from './top-bar';
import { TroublePage } from './trouble-page';

/** The frame around every page of someone who is logged in. */
@Component({
  selector: 'k-shell',
  imports: [RouterOutlet, Rail, SwitchBanner, TopBar, TroublePage],
  template: `
    <a class="skip" href="#content" (click)="skip($event, content)">Skip to content</a>
    <k-rail />
    <header><k-top-bar /></header>
    <k-switch-banner />
    <main #content id="content" tabindex="-1" [class.troubled]="trouble.shown()">
      <router-outlet />
    </main>
    @if (trouble.shown()) {
      <k-trouble-page role="main" />
    }
  `,
  styles: `
    :host {
      display: grid;
      grid-template:
        'rail bar' var(--k-topbar-height) 'rail banner' auto 'rail content' minmax(0, 1fr) /
        var(--k-rail-width) minmax(0, 1fr);
      height: 100dvh;
    }
    k-rail {
      grid-area: rail;
    }
    header {
      grid-area: bar;
      display: grid;
      grid-template-columns: minmax(0, 1fr);
      min-width: 0;
    }
    k-switch-banner {
      grid-area: banner;
      min-width: 0;
    }
    main,
    k-trouble-page {
      position: relative;
      grid-area: content;
      overflow: auto;
    }
    main {
      scrollbar-gutter: stable;
      outline: 0;
    }
    /* The page keeps its state and its place, and is neither seen nor reached. */
    .troubled {
      visibility: hidden;
    }
    k-trouble-page {
      z-index: 5;
    }
    .skip {
      position: fixed;
      z-index: 10;
      top: 8px;
      left: -999px;
      padding: 8px 16px;
      border-radius: 6px;
      background: var(--mat-sys-inverse-surface);
      color: var(--mat-sys-inverse-on-surface);
    }
    .skip:focus {
      left: 8px;
    }
    @media (max-width: 700px) {
      :host {
        grid-template:
          'bar' var(--k-topbar-height) 'banner' auto 'content' minmax(0, 1fr) 'rail' 60px /
          minmax(0, 1fr);
      }
      main {
        scrollbar-gutter: auto;
      }
    }
  `,
})
export class Shell {
  protected readonly trouble = inject(NavigationTrouble);
  private readonly places = inject(KeptPlaces);
  private readonly content = viewChild.required<ElementRef<HTMLElement>>('content');

  constructor() {
    inject(LiveSocket).connect();
    inject(Accounts).watch();
    inject(OpenPositions).watch();
    inject(Switches).watch();
    afterNextRender(() => this.places.scrollIn(this.content().nativeElement));
  }

  protected skip(event: Event, content: HTMLElement): void {
    event.preventDefault();
    content.focus();
  }
}
