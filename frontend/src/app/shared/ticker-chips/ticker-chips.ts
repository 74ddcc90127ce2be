import { Component, computed, input, model, signal } from '@angular/core';
import { Icon } from '../icon';
import { parseTickers, withTickers } from './parse-tickers';

/** A list of tickers: type or paste as many as you like, take any of them out again. */
@Component({
  selector: 'k-ticker-chips',
  imports: [Icon],
  template: `
    <div class="box">
      @for (ticker of tickers(); track ticker) {
        <span class="chip">
          {{ ticker }}
          <button type="button" [attr.aria-label]="'Remove ' + ticker" (click)="remove(ticker)">
            <k-icon name="close" [size]="14" />
          </button>
        </span>
      }
      <input
        #box
        type="text"
        autocomplete="off"
        spellcheck="false"
        [id]="inputId()"
        [attr.aria-label]="label()"
        [attr.aria-describedby]="inputId() + '-note'"
        [placeholder]="tickers().length ? 'Add more' : placeholder()"
        (paste)="paste($event)"
        (input)="readOn(box)"
        (keydown.enter)="$event.preventDefault(); add(box)"
        (keydown.backspace)="box.value === '' && removeLast()"
        (blur)="add(box)"
      />
    </div>
    <p class="k-help" aria-live="polite" [id]="inputId() + '-note'">
      @if (note(); as note) {
        <span class="refused">{{ note }}</span>
      } @else {
        {{ tickers().length }} of {{ most() }}. Paste a list: lines, commas and spaces all work.
      }
    </p>
  `,
  styles: `
    :host {
      display: block;
    }
    .box {
      display: flex;
      flex-wrap: wrap;
      gap: 4px;
      max-height: 240px;
      padding: 4px;
      overflow-y: auto;
      border: 1px solid var(--mat-sys-outline);
      border-radius: 6px;
    }
    .box:focus-within {
      border-color: var(--mat-sys-primary);
      box-shadow: inset 0 0 0 1px var(--mat-sys-primary);
    }
    .chip {
      display: inline-flex;
      align-items: center;
      height: 26px;
      padding-left: 8px;
      border-radius: 5px;
      background: var(--mat-sys-secondary-container);
      color: var(--mat-sys-on-secondary-container);
      font-size: 13px;
      font-weight: 500;
    }
    .chip button {
      display: grid;
      place-items: center;
      width: 26px;
      height: 26px;
      padding: 0;
      border: 0;
      border-radius: 5px;
      background: transparent;
      color: inherit;
      cursor: pointer;
    }
    .chip button:hover {
      background: color-mix(in oklab, currentColor 12%, transparent);
    }
    input {
      flex: 1;
      min-width: 96px;
      height: 26px;
      padding: 0 6px;
      border: 0;
      outline: 0;
      background: transparent;
      color: inherit;
      font: inherit;
      text-transform: uppercase;
    }
    input::placeholder {
      color: var(--mat-sys-on-surface-variant);
      opacity: 1;
      text-transform: none;
    }
    .refused {
      color: var(--mat-sys-error);
    }
  `,
})
export class TickerChips {
  readonly tickers = model.required<readonly string[]>();
  readonly inputId = input('k-tickers');
  readonly label = input('Tickers');
  readonly placeholder = input('AAPL, MSFT, GOOG');
  /** The longest list that is taken. */
  readonly most = input(500);

  private readonly refused = signal<readonly string[]>([]);
  private readonly over = signal(0);

  protected readonly note = computed(() => {
    const refused = this.refused();
    if (this.over()) return `The list is full: ${this.over()} were left out.`;
    if (!refused.length) return '';
    const named = refused.slice(0, 3).join(', ');
    return `Not a ticker: ${named}${refused.length > 3 ? ` and ${refused.length - 3} more` : ''}.`;
  });

  protected paste(event: ClipboardEvent): void {
    const text = event.clipboardData?.getData('text/plain') ?? '';
    if (!/[\s,;|]/.test(text.trim())) return;
    event.preventDefault();
    this.take(text);
  }

  /** A comma or a space ends a ticker. */
  protected readOn(box: HTMLInputElement): void {
    if (/[\s,;|]$/.test(box.value)) this.add(box);
  }

  protected add(box: HTMLInputElement): void {
    if (!box.value.trim()) return;
    this.take(box.value);
    box.value = '';
  }

  protected remove(ticker: string): void {
    this.write(this.tickers().filter((item) => item !== ticker));
  }

  protected removeLast(): void {
    this.write(this.tickers().slice(0, -1));
  }

  private take(text: string): void {
    const { tickers, refused } = parseTickers(text);
    const all = withTickers(this.tickers(), tickers);
    this.write(all.slice(0, this.most()));
    this.refused.set(refused);
    this.over.set(Math.max(0, all.length - this.most()));
  }

  private write(tickers: readonly string[]): void {
    this.refused.set([]);
    this.over.set(0);
    this.tickers.set(tickers);
  }
}
