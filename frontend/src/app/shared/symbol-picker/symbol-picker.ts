import {
  Component,
  ElementRef,
  inject,
  input,
  linkedSignal,
  output,
  resource,
  signal,
  viewChild,
} from '@angular/core';
import { MatAutocompleteModule, type MatAutocompleteTrigger } from '@angular/material/autocomplete';
import { Icon } from '../icon';
import { rangeInWords } from './price-range';
import { SYMBOL_SEARCH, type SymbolOption } from './symbol-search';

const PAUSE_MS = 150;

/** What was found for a query. */
interface Matches {
  readonly query: string | null;
  readonly options: readonly SymbolOption[];
}
const NONE: Matches = { query: null, options: [] };

/** A field that finds instruments by symbol or name while one types. */
@Component({
  selector: 'k-symbol-picker',
  imports: [MatAutocompleteModule, Icon],
  template: `
    <span #frame class="box" matAutocompleteOrigin #field="matAutocompleteOrigin">
      <k-icon name="search" [size]="18" />
      <input
        #box
        type="text"
        autocomplete="off"
        spellcheck="false"
        [placeholder]="placeholder()"
        [id]="inputId()"
        [attr.aria-label]="label()"
        [disabled]="disabled()"
        [value]="text()"
        #list="matAutocompleteTrigger"
        [matAutocomplete]="auto"
        [matAutocompleteConnectedTo]="field"
        (input)="wanted.set(true); text.set(box.value); typed.emit(asSymbol(box.value))"
        (focus)="box.select()"
        (click)="wanted.set(true)"
        (keydown.arrowdown)="wanted.set(true)"
        (keydown.arrowup)="wanted.set(true)"
        (blur)="commit(box.value)"
        (keydown.enter)="enter($event, list)"
      />
    </span>
    <mat-autocomplete
      #auto="matAutocomplete"
      panelWidth="min(380px, 94vw)"
      (opened)="listWidth() === 'field' && fit(list, frame.offsetWidth)"
      (optionSelected)="commit($event.option.value)"
    >
      @for (option of matches.value().options; track option.symbol) {
        <!-- A pick does not leave the field: what is typed in it then is not meant. -->
        <mat-option [value]="option.symbol" (mousedown)="$event.preventDefault()">
          <span class="option">
            <b>{{ option.symbol }}</b>
            <span class="name">{{ option.name }}</span>
            <span class="source" [title]="range(option)">{{ range(option) }}</span>
          </span>
        </mat-option>
      }
    </mat-autocomplete>
  `,
  styles: `
    :host {
      display: block;
    }
    .box {
      display: flex;
      align-items: center;
      gap: 6px;
      height: var(--k-field-height, 36px);
      padding: 0 8px;
      border: 1px solid var(--mat-sys-outline);
      border-radius: 6px;
      color: var(--mat-sys-on-surface-variant);
    }
    .box:focus-within {
      border-color: var(--mat-sys-primary);
      box-shadow: inset 0 0 0 1px var(--mat-sys-primary);
    }
    input {
      flex: 1;
      width: 0;
      min-width: 0;
      border: 0;
      outline: 0;
      background: transparent;
      color: var(--mat-sys-on-surface);
      font: inherit;
      font-weight: 500;
      text-transform: uppercase;
    }
    input::placeholder {
      color: var(--mat-sys-on-surface-variant);
      font-weight: 400;
      text-transform: none;
    }
    .option {
      display: grid;
      grid-template-columns: auto minmax(56px, 1fr) minmax(0, auto);
      gap: 10px;
      font-size: 13px;
      white-space: nowrap;
    }
    .name,
    .source {
      overflow: hidden;
      color: var(--mat-sys-on-surface-variant);
      text-overflow: ellipsis;
    }
    .source {
      font-size: 12px;
    }
  `,
})
export class SymbolPicker {
  private readonly search = inject(SYMBOL_SEARCH);

  private readonly box = viewChild.required<ElementRef<HTMLInputElement>>('box');

  readonly value = input('');
  readonly label = input('Symbol');
  readonly placeholder = input('Symbol');
  readonly inputId = input<string | null>(null);
  readonly disabled = input(false);
  /** `field`: the list is as wide as the field, which has room for names. */
  readonly listWidth = input<'wide' | 'field'>('wide');
  /** The symbol that was chosen or typed, in capitals; empty when cleared. */
  readonly valueChange = output<string>();
  /** What stands in the field, whenever that changes, as it would be chosen. */
  readonly typed = output<string>();

  protected readonly asSymbol = asSymbol;
  protected readonly range = rangeInWords;
  protected readonly text = linkedSignal(() => this.value());
  /** No search before the field is used: the focus alone, as of a dialog that opens, is no use. */
  protected readonly wanted = signal(false);
  protected readonly matches = resource({
    params: () => (this.wanted() ? { query: this.query() } : undefined),
    loader: async ({ params, abortSignal }): Promise<Matches> => {
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      if (abortSignal.aborted) return NONE;
      return { query: params.query, options: await this.search(params.query) };
    },
    defaultValue: NONE,
  });

  /** Empties the field, as for the next symbol. */
  clear(): void {
    this.text.set('');
    this.box().nativeElement.value = ''; // what was typed just now may not be bound yet
  }

  /** Makes the list as wide as the field, which in a dialog that opens is not settled before. */
  protected fit(list: MatAutocompleteTrigger, width: number): void {
    list.autocomplete.panelWidth = width;
    list.openPanel();
  }

  /**
   * Enter takes what was typed where it is a symbol that was found, else the best match, else what
   * was typed. Only an Enter after that is meant for the form around the field.
   */
  protected async enter(event: Event, list: MatAutocompleteTrigger): Promise<void> {
    if (event.defaultPrevented || !this.wanted()) return;
    event.preventDefault();
    const text = this.box().nativeElement.value;
    const typed = asSymbol(text);
    const options = typed && typed !== this.value() ? await this.found() : [];
    if (this.box().nativeElement.value !== text || !this.wanted()) return;
    const exact = options.find(({ symbol }) => symbol === typed);
    this.commit((exact ?? options[0])?.symbol ?? typed);
    list.closePanel();
  }

  /** What is found for the text as it stands, though the list may still show something older. */
  private async found(): Promise<readonly SymbolOption[]> {
    const [query, { query: shown, options }] = [this.query(), this.matches.value()];
    return shown === query ? options : this.search(query).catch(() => []);
  }

  protected commit(text: string): void {
    const symbol = asSymbol(text);
    this.wanted.set(false);
    this.text.set(symbol);
    this.typed.emit(symbol);
    if (symbol !== this.value()) this.valueChange.emit(symbol);
  }

  /** The symbol on show must not hide all others when the field is opened again. */
  private query(): string {
    return this.text() === this.value() ? '' : this.text();
  }
}

function asSymbol(text: string): string {
  return text.trim().toUpperCase();
}
