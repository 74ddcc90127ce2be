import { Component, input, output } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { Icon } from '@shared/icon';

/** Where files are chosen, or dropped: the page around it takes what is dropped. */
@Component({
  selector: 'k-drop-zone',
  imports: [MatButton, Icon],
  template: `
    <span class="tile"><k-icon name="upload_file" [size]="28" /></span>
    <div class="words">
      <p class="title">{{ over() ? 'Let go to add the files' : 'Drop files with prices here' }}</p>
      <p class="k-muted">
        CSV, TSV, TXT, Parquet, JSON of Alpaca, or a zip of them, up to 2 GB each. Exports of Yahoo
        Finance, TradingView, Binance, Alpha Vantage, Tiingo, MetaTrader, Stooq, Investing.com,
        Interactive Brokers, Kraken, Coinbase and most spreadsheets are read as they are.
      </p>
    </div>
    <button matButton="filled" type="button" (click)="box.click()">Choose files</button>
    <input
      #box
      type="file"
      multiple
      hidden
      aria-label="Files with prices, splits or dividends"
      accept=".csv,.tsv,.txt,.parquet,.json,.zip,text/csv,text/plain,application/zip"
      (change)="choose(box)"
    />
  `,
  host: { '[class.over]': 'over()' },
  styles: `
    :host {
      display: flex;
      align-items: center;
      gap: 20px;
      padding: 24px;
      border: 1.5px dashed var(--mat-sys-outline);
      border-radius: 8px;
      background: var(--mat-sys-surface-container-low);
    }
    :host(.over) {
      border-color: var(--mat-sys-primary);
      background: var(--mat-sys-primary-container);
    }
    .tile {
      display: grid;
      flex: none;
      place-items: center;
      width: 56px;
      height: 56px;
      border-radius: 12px;
      background: var(--mat-sys-secondary-container);
      color: var(--mat-sys-on-secondary-container);
    }
    .words {
      flex: 1;
      min-width: 0;
    }
    .title {
      font-size: 16px;
      font-weight: 500;
      line-height: 24px;
    }
    p + p {
      max-width: 120ch;
      margin-top: 2px;
      font-size: 13px;
    }
    :host(.over) .k-muted {
      color: var(--mat-sys-on-primary-container);
    }
    button {
      flex: none;
    }
    @media (max-width: 700px) {
      :host {
        flex-direction: column;
        align-items: stretch;
        gap: 12px;
        padding: 20px 16px;
        text-align: center;
      }
      .tile {
        align-self: center;
      }
    }
  `,
})
export class DropZone {
  /** Files are held over the page. */
  readonly over = input(false);
  readonly chosen = output<readonly File[]>();

  /** The same file may be chosen again afterwards. */
  protected choose(box: HTMLInputElement): void {
    const files = [...(box.files ?? [])];
    box.value = '';
    if (files.length) this.chosen.emit(files);
  }
}
