import { Component, computed, effect, inject, input, linkedSignal } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { MatSelectModule } from '@angular/material/select';
import { MatFormField } from '@angular/material/form-field';
import { MatMenuModule } from '@angular/material/menu';
import { Router, RouterLink } from '@angular/router';
import { listPipelines, type PipelineSummary } from '@core/api';
import { unwrap } from '@core/http/unwrap';
import { keptList } from '@core/page/kept-list';
import { EmptyState } from '@shared/empty-state';
import { ErrorState } from '@shared/error-state';
import { Icon } from '@shared/icon';
import { ListFrame } from '@shared/list-frame';
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
const PAUSE_MS = 200;

/** All pipelines of the user: search, filters in the address bar, actions on each. */
@Component({
  selector: 'k-pipelines-page',
  imports: [
    RouterLink,
    MatButton,
    MatFormField,
    MatMenuModule,
    MatSelectModule,
    Icon,
    EmptyState,
    ListFrame,
    ErrorState,
    PipelineTable,
  ],
  providers: [PipelineActions],
  templateUrl: './pipelines-page.html',
  styleUrl: './pipelines-page.scss',
})
export class PipelinesPage {
  private readonly router = inject(Router);
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
  protected readonly typed = linkedSignal(() => this.filters().search);
  protected readonly filtered = computed(() => {
    const { search, status, mode } = this.filters();
    return search !== '' || status !== null || mode !== null;
  });
  protected readonly list = keptList<PipelineSummary, ListFilters>('pipelines', (filters, cursor) =>
    unwrap(listPipelines({ query: { ...filters, cursor, limit: PAGE_SIZE } })),
  );
  private typing?: ReturnType<typeof setTimeout>;

  constructor() {
    effect(() => void this.list.load(this.filters()));
  }

  protected type(text: string): void {
    this.typed.set(text);
    clearTimeout(this.typing);
    this.typing = setTimeout(() => this.filter({ search: text.trim() }), PAUSE_MS);
  }

  /** Switches one filter; choosing what is chosen takes it off. */
  protected filter(change: Partial<ListFilters>): void {
    const queryParams = writeFilters({ ...this.filters(), ...change });
    void this.router.navigate(['/pipelines'], { queryParams, replaceUrl: true });
  }

  protected clear(): void {
    this.filter({ search: '', status: null, mode: null });
  }
}
