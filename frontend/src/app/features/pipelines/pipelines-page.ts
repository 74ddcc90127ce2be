import { Component, computed, effect, inject, input } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { MatSelectModule } from '@angular/material/select';
import { MatFormField } from '@angular/material/form-field';
import { MatMenuModule } from '@angular/material/menu';
import { RouterLink } from '@angular/router';
import { listPipelines, type PipelineSummary } from '@core/api';
import { unwrap } from '@core/http/unwrap';
import { addressFilters } from '@core/page/address-filters';
import { keptList } from '@core/page/kept-list';
import { followRuns } from '@core/runs/follow-runs';
import { EmptyState } from '@shared/empty-state';
import { ErrorState } from '@shared/error-state';
import { FilterChips } from '@shared/filter-chips';
import { ListFrame } from '@shared/list-frame';
import { ListHead } from '@shared/list-head';
import { SearchField } from '@shared/search-field';
import {
  type ListFilters,
  MODES,
  readFilters,
  SORTS,
  STATUSES,
  writeFilters,
} from './list-filters';
import { PipelineActions } from './pipeline-actions';
import { PipelineTable } from './pipeline-table';

const PAGE_SIZE = 50;

/** All pipelines of the user: search, filters in the address bar, actions on each. */
@Component({
  selector: 'k-pipelines-page',
  imports: [
    RouterLink,
    MatButton,
    MatFormField,
    MatMenuModule,
    MatSelectModule,
    EmptyState,
    ErrorState,
    FilterChips,
    ListFrame,
    ListHead,
    PipelineTable,
    SearchField,
  ],
  providers: [PipelineActions],
  templateUrl: './pipelines-page.html',
  styleUrl: './pipelines-page.scss',
})
export class PipelinesPage {
  protected readonly actions = inject(PipelineActions);

  readonly search = input<string>();
  readonly status = input<string>();
  readonly mode = input<string>();
  readonly sort = input<string>();

  protected readonly statuses = STATUSES;
  protected readonly modes = MODES;
  protected readonly sorts = SORTS;
  protected readonly filters = computed(() =>
    readFilters({
      search: this.search(),
      status: this.status(),
      mode: this.mode(),
      sort: this.sort(),
    }),
  );
  protected readonly filtered = computed(() => {
    const { search, status, mode } = this.filters();
    return search !== '' || status !== null || mode !== null;
  });
  protected readonly list = keptList<PipelineSummary, ListFilters>('pipelines', (filters, cursor) =>
    unwrap(listPipelines({ query: { ...filters, cursor, limit: PAGE_SIZE } })),
  );
  private readonly change = addressFilters('/pipelines');

  constructor() {
    effect(() => void this.list.load(this.filters()));
    followRuns(() => void this.list.catchUp(({ id }) => id));
  }

  protected filter(change: Partial<ListFilters>, how: 'chosen' | 'typed' = 'chosen'): void {
    this.change(writeFilters({ ...this.filters(), ...change }), how);
  }

  protected clear(): void {
    this.filter({ search: '', status: null, mode: null });
  }
}
