import { Component, computed, DestroyRef, effect, inject, input, resource } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { MatFormField } from '@angular/material/form-field';
import { MatSelectModule } from '@angular/material/select';
import { RouterLink } from '@angular/router';
import { type ExecutionSummary, listExecutions, listPipelines, type RunStatus } from '@core/api';
import { reloadOnRecovery } from '@core/http/reload-on-recovery';
import { unwrap } from '@core/http/unwrap';
import { addressFilters } from '@core/page/address-filters';
import { keptList } from '@core/page/kept-list';
import { RunEvents } from '@core/socket/run-events';
import { EmptyState } from '@shared/empty-state';
import { FilterChips } from '@shared/filter-chips';
import { ListFrame } from '@shared/list-frame';
import { ListHead } from '@shared/list-head';
import { STATUS_LOOKS } from '@shared/status-badge';
import { SymbolPicker } from '@shared/symbol-picker/symbol-picker';
import { RunTable } from './run-table';

interface Filters {
  readonly pipeline_id: string | null;
  readonly status: RunStatus | null;
  readonly symbol: string | null;
}

const PAGE_SIZE = 50;
const PIPELINES_OFFERED = 100;
const STATUSES: readonly RunStatus[] = ['running', 'waiting', 'succeeded', 'failed', 'cancelled'];
const TELLING = new Set(['execution_started', 'execution_finished', 'waiting']);

/** The history of runs, newest first, with filters in the address bar. */
@Component({
  selector: 'k-runs-page',
  imports: [
    RouterLink,
    MatButton,
    MatFormField,
    MatSelectModule,
    EmptyState,
    FilterChips,
    ListFrame,
    ListHead,
    SymbolPicker,
    RunTable,
  ],
  templateUrl: './runs-page.html',
  styleUrl: './runs-page.scss',
})
export class RunsPage {
  readonly pipeline = input<string>();
  readonly status = input<string>();
  readonly symbol = input<string>();

  protected readonly statuses = STATUSES.map((value) => ({
    value,
    label: STATUS_LOOKS[value].label,
  }));
  protected readonly filters = computed<Filters>(() => ({
    pipeline_id: this.pipeline() ?? null,
    status: STATUSES.find((status) => status === this.status()) ?? null,
    symbol: this.symbol() ?? null,
  }));
  protected readonly filtered = computed(() =>
    Object.values(this.filters()).some((value) => value !== null),
  );
  protected readonly pipelines = resource({
    loader: () => unwrap(listPipelines({ query: { limit: PIPELINES_OFFERED, sort: 'name' } })),
  });
  protected readonly list = keptList<ExecutionSummary, Filters>('runs', (filters, cursor) =>
    unwrap(listExecutions({ query: { ...filters, cursor, limit: PAGE_SIZE } })),
  );

  protected readonly filter = addressFilters('/runs');

  constructor() {
    reloadOnRecovery(this.pipelines);
    effect(() => void this.list.load(this.filters()));
    const stop = inject(RunEvents).watchAll((event) => {
      if (TELLING.has(event.type)) void this.refresh(event.execution_id);
    });
    inject(DestroyRef).onDestroy(stop);
  }

  protected clear(): void {
    this.filter({ pipeline: null, status: null, symbol: null });
  }

  /** Brings the first page up to date and keeps the older pages that were opened. */
  private async refresh(executionId: string): Promise<void> {
    const query = { ...this.filters(), limit: PAGE_SIZE };
    const { items } = await unwrap(listExecutions({ query }));
    const changed = items.find((item) => item.id === executionId);
    if (!changed) return;
    this.list.update((shown) =>
      shown.some((item) => item.id === executionId)
        ? shown.map((item) => (item.id === executionId ? changed : item))
        : [changed, ...shown],
    );
  }
}
