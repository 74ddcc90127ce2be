import { Component, computed, effect, inject, input, untracked } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { MatDialog, type MatDialogRef } from '@angular/material/dialog';
import { RouterLink } from '@angular/router';
import { type InstrumentDetail, type InstrumentOut, listInstruments } from '@core/api';
import { unwrap } from '@core/http/unwrap';
import { addressFilters } from '@core/page/address-filters';
import { keptList } from '@core/page/kept-list';
import { EmptyState } from '@shared/empty-state';
import { ListFrame } from '@shared/list-frame';
import { ListHead } from '@shared/list-head';
import { SearchField } from '@shared/search-field';
import { InstrumentDialog } from './instrument-dialog';
import { InstrumentTable } from './instrument-table';

const PAGE_SIZE = 50;

interface Query {
  readonly query: string;
}

/** What has a price: its terms, which can be changed, and where its prices come from. */
@Component({
  selector: 'k-instruments-page',
  imports: [RouterLink, MatButton, EmptyState, InstrumentTable, ListFrame, ListHead, SearchField],
  templateUrl: './instruments-page.html',
  styleUrl: './instruments-page.scss',
})
export class InstrumentsPage {
  private readonly dialogs = inject(MatDialog);

  /** What is looked for. */
  readonly search = input<string>();
  /** The instrument that is open. */
  readonly symbol = input<string>();

  protected readonly searched = computed(() => this.search() ?? '');
  protected readonly list = keptList<InstrumentOut, Query>('instruments', ({ query }, cursor) =>
    unwrap(listInstruments({ query: { query, cursor, limit: PAGE_SIZE } })),
  );
  /** Nothing has this name: it can be set up before its prices are imported. */
  protected readonly missing = computed(
    () =>
      this.searched() !== '' &&
      !this.list.items().length &&
      !this.list.loadingFirst() &&
      !this.list.error(),
  );
  protected readonly change = addressFilters('/instruments');
  private opened: MatDialogRef<InstrumentDialog> | null = null;

  constructor() {
    effect(() => {
      const query = { query: this.searched() };
      untracked(() => void this.list.load(query));
    });
    effect(() => {
      const symbol = this.symbol();
      untracked(() => this.follow(symbol));
    });
  }

  private follow(symbol: string | undefined): void {
    if (!symbol) this.opened?.close();
    else if (!this.opened) this.open(symbol);
  }

  private open(symbol: string): void {
    const opened = this.dialogs.open<InstrumentDialog, string>(InstrumentDialog, {
      data: symbol,
      width: '640px',
      maxWidth: 'calc(100vw - 24px)',
    });
    this.opened = opened;
    opened.componentInstance.became.subscribe((changed) => this.take(changed));
    opened.afterClosed().subscribe(() => {
      this.opened = null;
      if (this.symbol()) this.change({ symbol: null });
    });
  }

  private take(changed: InstrumentDetail): void {
    const known = this.list.items().some(({ symbol }) => symbol === changed.symbol);
    if (!known) void this.list.reload();
    else {
      this.list.update((items) =>
        items.map((item) => (item.symbol === changed.symbol ? changed : item)),
      );
    }
  }
}
