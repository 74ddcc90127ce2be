import { Component, inject, input } from '@angular/core';
import { MatIconButton } from '@angular/material/button';
import { Theme } from '@core/theme/theme';
import { Icon } from '@shared/icon';

/** The page around the log-in and sign-up forms. */
@Component({
  selector: 'k-auth-frame',
  imports: [Icon, MatIconButton],
  template: `
    <header>
      <span class="brand"><img src="favicon.svg" alt="" width="28" height="28" />Kuber</span>
      <button
        matIconButton
        type="button"
        [attr.aria-label]="theme.scheme() === 'dark' ? 'Use the light theme' : 'Use the dark theme'"
        (click)="theme.toggle()"
      >
        <k-icon [name]="theme.scheme() === 'dark' ? 'light_mode' : 'dark_mode'" />
      </button>
    </header>
    <main>
      <div class="card">
        <h1>{{ heading() }}</h1>
        <ng-content />
      </div>
    </main>
  `,
  styles: `
    :host {
      display: grid;
      grid-template-rows: auto 1fr;
      min-height: 100dvh;
      background: var(--mat-sys-surface-container-low);
    }
    header {
      display: flex;
      align-items: center;
      justify-content: space-between;
      padding: 12px 16px 12px 24px;
    }
    .brand {
      display: flex;
      align-items: center;
      gap: 10px;
      font-size: 18px;
      font-weight: 500;
    }
    main {
      display: grid;
      align-content: start;
      justify-content: center;
      padding: 8vh 16px 32px;
    }
    .card {
      width: min(400px, calc(100vw - 32px));
      padding: 32px;
      border: 1px solid var(--mat-sys-outline-variant);
      border-radius: 10px;
      background: var(--mat-sys-surface);
    }
    h1 {
      margin-bottom: 24px;
    }
    @media (max-width: 700px) {
      .card {
        padding: 24px 20px;
      }
    }
  `,
})
export class AuthFrame {
  protected readonly theme = inject(Theme);
  readonly heading = input.required<string>();
}
