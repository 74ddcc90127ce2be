import type { Mode, PipelineStatus } from '@core/api';

/** What the list shows, as it stands in the address bar. */
export interface ListFilters {
  readonly search: string;
  readonly status: PipelineStatus | null;
  readonly mode: Mode | null;
  readonly sort: Sort;
}

export type Sort = '-updated_at' | 'name' | '-created_at';

export const SORTS: readonly { readonly value: Sort; readonly label: string }[] = [
  { value: '-updated_at', label: 'Last changed' },
  { value: 'name', label: 'Name' },
  { value: '-created_at', label: 'Newest' },
];
export const STATUSES: readonly { readonly value: PipelineStatus; readonly label: string }[] = [
  { value: 'draft', label: 'Off' },
  { value: 'active', label: 'Active' },
  { value: 'archived', label: 'Archived' },
];
export const MODES: readonly { readonly value: Mode; readonly label: string }[] = [
  { value: 'simulation', label: 'Simulation' },
  { value: 'paper', label: 'Paper' },
  { value: 'live', label: 'Live' },
  { value: 'validation', label: 'Validation' },
];

/** Reads filters from query parameters; whatever is unknown counts as not set. */
export function readFilters(query: Readonly<Record<string, string | undefined>>): ListFilters {
  return {
    search: query['search'] ?? '',
    status: known(STATUSES, query['status']) ?? null,
    mode: known(MODES, query['mode']) ?? null,
    sort: known(SORTS, query['sort']) ?? '-updated_at',
  };
}

/** Filters as query parameters; what is at its default stays out of the address. */
export function writeFilters(filters: ListFilters): Record<string, string | null> {
  return {
    search: filters.search || null,
    status: filters.status,
    mode: filters.mode,
    sort: filters.sort === '-updated_at' ? null : filters.sort,
  };
}

function known<T extends string>(
  options: readonly { readonly value: T }[],
  value: string | undefined,
): T | undefined {
  return options.find((option) => option.value === value)?.value;
}
