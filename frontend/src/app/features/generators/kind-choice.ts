import { Component, input } from '@angular/core';
import { RouterLink } from '@angular/router';
import type { GeneratorKindOut } from '@core/api';
import { Icon } from '@shared/icon';

const ICONS: Readonly<Record<string, string>> = {
  mock: 'science',
  golden_cross: 'ssid_chart',
  rsi: 'speed',
  macd_crossover: 'stacked_line_chart',
  bollinger_breakout: 'expand',
  volume_spike: 'bar_chart',
  ma_momentum: 'trending_up',
  volatility_breakout: 'bolt',
  news_sentiment: 'newspaper',
  price_level: 'horizontal_rule',
  expression: 'function',
};

/** The kinds of generator to start from. */
@Component({
  selector: 'k-kind-choice',
  imports: [RouterLink, Icon],
  template: `
    <ul>
      @for (item of kinds(); track item.kind) {
        <li>
          @if (item.unavailable) {
            <div class="card off">
              <k-icon [name]="icon(item)" />
              <span
                ><b>{{ item.name }}</b
                ><span class="k-muted">{{ item.unavailable }}</span></span
              >
            </div>
          } @else {
            <a
              class="card"
              routerLink="/signals/generators/new"
              [queryParams]="{ kind: item.kind }"
            >
              <k-icon [name]="icon(item)" />
              <span
                ><b>{{ item.name }}</b
                ><span class="k-muted">{{ item.description }}</span></span
              >
            </a>
          }
        </li>
      }
    </ul>
  `,
  styles: `
    ul {
      display: grid;
      grid-template-columns: repeat(auto-fill, minmax(280px, 1fr));
      gap: 12px;
      margin: 0;
      padding: 0;
      list-style: none;
    }
    .card {
      display: flex;
      gap: 12px;
      height: 100%;
      padding: 16px;
      border: 1px solid var(--mat-sys-outline-variant);
      border-radius: 8px;
      color: inherit;
      font-size: 13px;
      line-height: 18px;
    }
    a.card:hover {
      border-color: var(--mat-sys-outline);
      background: var(--mat-sys-surface-container-low);
      text-decoration: none;
    }
    k-icon {
      color: var(--mat-sys-primary);
    }
    .off k-icon {
      color: var(--mat-sys-outline);
    }
    b {
      display: block;
      margin-bottom: 2px;
      font-size: 14px;
      font-weight: 500;
    }
  `,
})
export class KindChoice {
  readonly kinds = input.required<readonly GeneratorKindOut[]>();

  protected icon({ kind }: GeneratorKindOut): string {
    return ICONS[kind] ?? 'monitoring';
  }
}
