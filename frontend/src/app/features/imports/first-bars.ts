import { Component, computed, input } from '@angular/core';
import type { SampleBarOut } from '@core/api';
import { formatQuantity } from '@shared/format/numbers';
import { formatDateTime } from '@shared/format/times';
import { placeOf, UTC, zoneOf } from './markets';

/** The first bars of a file as they are understood, in UTC and in the time of their market. */
@Component({
  selector: 'k-first-bars',
  template: `
    <h3 [id]="titleId()">First bars</h3>
    <div class="k-table-wrap" role="group" tabindex="0" [attr.aria-labelledby]="titleId()">
      <table class="k-table" [attr.aria-labelledby]="titleId()">
        <thead>
          <tr>
            @if (several()) {
              <th>Symbol</th>
            }
            <th>Opens, UTC</th>
            <th>Closes, UTC</th>
            @if (place(); as place) {
              <th>Opens, {{ place }}</th>
              <th>Closes, {{ place }}</th>
            }
            @for (name of prices; track name) {
              <th class="k-num">{{ name }}</th>
            }
          </tr>
        </thead>
        <tbody>
          @for (row of rows(); track $index) {
            <tr>
              @if (several()) {
                <td>{{ row.symbol }}</td>
              }
              @for (time of row.times; track $index) {
                <td>{{ time }}</td>
              }
              @for (number of row.numbers; track $index) {
                <td class="k-num">{{ number }}</td>
              }
            </tr>
          }
        </tbody>
      </table>
    </div>
  `,
  styles: `
    :host {
      display: block;
      min-width: 0;
    }
    h3 {
      margin-bottom: 4px;
    }
    .k-table-wrap {
      border: 1px solid var(--mat-sys-outline-variant);
      border-radius: 6px;
    }
    th,
    td {
      height: 34px;
      padding: 0 9px;
    }
  `,
})
export class FirstBars {
  readonly bars = input.required<readonly SampleBarOut[]>();
  /** Code of the market in whose time they are shown as well. */
  readonly market = input<string>();
  readonly titleId = input.required<string>();

  protected readonly prices = ['Open', 'High', 'Low', 'Close', 'Volume'];
  protected readonly several = computed(
    () => new Set(this.bars().map(({ symbol }) => symbol)).size > 1,
  );
  /** Null where the market's time is UTC. */
  protected readonly place = computed(() => {
    const zone = zoneOf(this.market());
    return zone === UTC ? null : placeOf(zone);
  });
  protected readonly rows = computed(() => {
    const zones = this.place() ? [UTC, zoneOf(this.market())] : [UTC];
    return this.bars().map((bar) => ({
      symbol: bar.symbol,
      times: zones.flatMap((zone) => [
        formatDateTime(bar.opened_at, zone),
        closeInWords(bar, zone),
      ]),
      numbers: [bar.open, bar.high, bar.low, bar.close, bar.volume].map(formatQuantity),
    }));
  });
}

/** `10:30` on the day of the opening, else `3 Jan, 00:00`: a year more is no news. */
function closeInWords({ opened_at, closed_at }: SampleBarOut, zone: string): string {
  const [opened, closed] = [formatDateTime(opened_at, zone), formatDateTime(closed_at, zone)];
  const [day = '', time = ''] = closed.split(', ');
  if (opened.startsWith(`${day}, `)) return time;
  const year = opened.split(', ')[0]?.slice(-5) ?? '';
  return day.endsWith(year) ? `${day.slice(0, -5)}, ${time}` : closed;
}
