import { Component, ElementRef, inject, resource, signal, viewChild } from '@angular/core';
import {
  MatAutocompleteModule,
  type MatAutocompleteSelectedEvent,
} from '@angular/material/autocomplete';
import { Router } from '@angular/router';
import { listExecutions, listPipelines } from '@core/api';
import { unwrap } from '@core/http/unwrap';
import { OpenPositions } from '@core/trading/open-positions';
import { sideInWords } from '@core/trading/position-words';
import { formatQuantity } from '@shared/format/numbers';
import { Icon } from '@shared/icon';

interface Hit {
  readonly label: string;
  readonly note: string;
  readonly icon: string;
  readonly link: readonly string[];
}

const PAUSE_MS = 200;
const HITS_EACH = 5;

/** Finds pages and pipelines by name, open positions and runs by symbol. `/` puts the cursor here. */
@Component({
  selector: 'k-global-search',
  imports: [MatAutocompleteModule, Icon],
  template: `
    <div class="box">
      <k-icon name="search" [size]="18" />
      <input
        #box
        type="search"
        autocomplete="off"
        aria-label="Search pipelines, and positions and runs by symbol"
        placeholder="Search pipelines, positions, runs"
        [matAutocomplete]="auto"
        [matAutocompleteConnectedTo]="under"
        (input)="query.set(box.value.trim())"
      />
      <kbd aria-hidden="true">/</kbd>
    </div>
    <span class="under" matAutocompleteOrigin #under="matAutocompleteOrigin"></span>
    <mat-autocomplete #auto="matAutocomplete" (optionSelected)="go($event)">
      @for (hit of hits.value(); track hit.link.join()) {
        <mat-option [value]="hit">
          <span class="hit">
            <k-icon [name]="hit.icon" [size]="18" />
            <span class="k-ellipsis">{{ hit.label }}</span>
            <span class="note">{{ hit.note }}</span>
          </span>
        </mat-option>
      } @empty {
        @if (query() && !hits.isLoading()) {
          <mat-option disabled>Nothing found for “{{ query() }}”</mat-option>
        }
      }
    </mat-autocomplete>
  `,
  host: { '(document:keydown)': 'focusOnSlash($event)' },
  styleUrl: './global-search.scss',
})
export class GlobalSearch {
  private readonly router = inject(Router);
  private readonly positions = inject(OpenPositions);
  private readonly box = viewChild.required<ElementRef<HTMLInputElement>>('box');

  protected readonly query = signal('');
  protected readonly hits = resource({
    params: () => this.query() || undefined,
    loader: async ({ params: query, abortSignal }) => {
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      if (abortSignal.aborted) return [];
      return [...pagesNamed(query), ...this.held(query), ...(await findHits(query))];
    },
    defaultValue: [],
  });

  private held(query: string): Hit[] {
    const symbol = query.toUpperCase();
    return (this.positions.items() ?? [])
      .filter((position) => position.symbol.startsWith(symbol))
      .slice(0, HITS_EACH)
      .map((position) => ({
        label: `${sideInWords(position)} ${formatQuantity(position.quantity)} ${position.symbol}`,
        note: 'Position',
        icon: 'monitoring',
        link: ['/positions', position.id],
      }));
  }

  protected go(event: MatAutocompleteSelectedEvent): void {
    const hit = event.option.value as Hit;
    this.box().nativeElement.value = '';
    this.box().nativeElement.blur();
    this.query.set('');
    void this.router.navigate([...hit.link]);
  }

  protected focusOnSlash(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    const typing = target.closest('input, textarea, select, [contenteditable]');
    if (event.key !== '/' || event.ctrlKey || event.metaKey || typing) return;
    event.preventDefault();
    this.box().nativeElement.focus();
  }
}

/** Pages that have no place in the rail. */
const PAGES: readonly Hit[] = [
  { label: 'Positions', icon: 'monitoring', link: ['/positions'] },
  { label: 'Orders', icon: 'receipt_long', link: ['/orders'] },
  { label: 'Accounts', icon: 'account_balance_wallet', link: ['/accounts'] },
  { label: 'Switches', icon: 'toggle_on', link: ['/switches'] },
  { label: 'Reconciliation', icon: 'balance', link: ['/reconciliations'] },
].map((page) => ({ ...page, note: 'Page' }));

function pagesNamed(query: string): readonly Hit[] {
  const start = query.toLowerCase();
  return PAGES.filter(({ label }) => label.toLowerCase().startsWith(start));
}

async function findHits(query: string): Promise<Hit[]> {
  const [pipelines, runs] = await Promise.all([
    unwrap(listPipelines({ query: { search: query, limit: HITS_EACH } })),
    unwrap(listExecutions({ query: { symbol: query.toUpperCase(), limit: HITS_EACH } })),
  ]);
  return [
    ...pipelines.items.map((item) => ({
      label: item.name,
      note: 'Pipeline',
      icon: 'account_tree',
      link: ['/pipelines', item.id],
    })),
    ...runs.items.map((run) => ({
      label: `${run.symbol ?? ''} ${run.outcome ?? run.status}`,
      note: 'Run',
      icon: 'play_circle',
      link: ['/runs', run.id],
    })),
  ];
}
