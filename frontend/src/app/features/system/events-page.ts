import { Component, computed, effect, inject, input, linkedSignal, signal } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { MatFormField } from '@angular/material/form-field';
import { MatSelectModule } from '@angular/material/select';
import { listEvents, type PastEvent } from '@core/api';
import { Session } from '@core/auth/session';
import { filledPage } from '@core/http/filled-page';
import type { Page } from '@core/http/paged-list';
import { unwrap } from '@core/http/unwrap';
import { addressFilters } from '@core/page/address-filters';
import { keptList } from '@core/page/kept-list';
import { PageContext } from '@core/page/page-context';
import { EmptyState } from '@shared/empty-state';
import { formatExact } from '@shared/format/times';
import { FilterChips } from '@shared/filter-chips';
import { ListFrame } from '@shared/list-frame';
import { ListHead } from '@shared/list-head';
import { RefreshButton } from '@shared/refresh-button';
import { SearchField } from '@shared/search-field';
import { AUDIT_TYPES } from './audit-types';
import { namedApart, typeInWords } from './event-words';
import { type HistoryRow, HistoryTable } from './history-table';
import { ordersOnce } from './orders-once';

type Since = 'hour' | 'day';

interface Filters {
  readonly type: string | null;
  readonly service: string | null;
  readonly correlation_id: string | null;
  readonly since: Since | null;
}

const PAGE_SIZE = 50;
const HOUR_MS = 3_600_000;
const SINCE: readonly { readonly value: Since | null; readonly label: string; ms: number }[] = [
  { value: 'hour', label: 'Last hour', ms: HOUR_MS },
  { value: 'day', label: 'Last day', ms: 24 * HOUR_MS },
  { value: null, label: '7 days', ms: 0 },
];
const ANNOUNCED = [
  'RunFinished',
  'SignalMessage',
  'SignalNormalized',
  'OrderIntended',
  'OrderFilled',
  'QuoteReceived',
  'DeadLetter',
];
const SERVICES = ['api', 'worker', 'services', 'audit'];
/** An id that was cut off, as the rows show it. */
const CUT = /…|\.\.\./;
/** What may be the end of an id, or another part of it. */
const END_OF_ID = /^(?![0-9a-f]{32}$)-?[0-9a-f][0-9a-f-]{2,34}$/i;
const USE_WHOLE = 'Use the whole id: copy it from a row’s details.';
/** What an id may be made of: the rest the server refuses. */
const ID = /^[\x21-\x7e]{1,100}$/;

/** What happened in the last 7 days, newest first, with filters in the address bar. */
@Component({
  selector: 'k-events-page',
  imports: [
    MatButton,
    MatFormField,
    MatSelectModule,
    EmptyState,
    FilterChips,
    HistoryTable,
    ListFrame,
    ListHead,
    RefreshButton,
    SearchField,
  ],
  templateUrl: './events-page.html',
  styleUrl: './events-page.scss',
})
export class EventsPage {
  private readonly session = inject(Session);

  readonly type = input<string>();
  readonly service = input<string>();
  readonly correlation = input<string>();
  readonly since = input<string>();

  protected readonly spans = SINCE;
  protected readonly admin = computed(() => this.session.user()?.role === 'admin');
  protected readonly filters = computed<Filters>(
    () => ({
      type: this.type() || null,
      service: this.service() || null,
      correlation_id: ID.test(this.correlation() ?? '') ? (this.correlation() ?? null) : null,
      since: SINCE.find(({ value }) => value === this.since())?.value ?? null,
    }),
    { equal: (a, b) => JSON.stringify(a) === JSON.stringify(b) },
  );
  protected readonly filtered = computed(() =>
    Object.values(this.filters()).some((value) => value !== null),
  );
  protected readonly list = keptList<PastEvent, Filters>('events', readPage);
  protected readonly hint = computed(() => {
    const whose = this.admin()
      ? 'What happened here, everybody’s'
      : 'What happened to what is yours';
    return `${whose}, newest first. Kept for 7 days; what matters longer stands on record.`;
  });
  protected readonly rows = computed(() =>
    ordersOnce(this.list.items()).map((event) => this.rowOf(event)),
  );
  protected readonly open = signal<string | number | null>(null);
  protected readonly filter = addressFilters('/system/events');
  protected readonly refresh = () => this.list.catchUp(({ id }) => id);
  /** Known types and services, those on show, and the one that is chosen. */
  protected readonly types = computed(() => {
    const known = [...ANNOUNCED, ...AUDIT_TYPES.flatMap(({ types }) => types)];
    const types = this.offered(known, ({ type }) => type, this.filters().type);
    const named = [...namedApart(types)].map(([type, name]) => ({ type, name }));
    return named.sort((a, b) => a.name.localeCompare(b.name));
  });
  /** What the closed field says. */
  protected readonly chosenType = computed(() => {
    const chosen = this.filters().type;
    return this.types().find(({ type }) => type === chosen)?.name ?? 'All types';
  });
  protected readonly services = computed(() =>
    this.offered(SERVICES, ({ service }) => service, this.filters().service).toSorted(),
  );
  /** What stands in the field, also when it cannot be an id. */
  protected readonly wantedId = linkedSignal(() => this.filters().correlation_id ?? '');
  /** What keeps the text from being found as an id; empty when nothing does. */
  protected readonly idError = computed(() => {
    const [id, found] = [this.wantedId(), this.list.items().length > 0];
    const settled = id === this.filters().correlation_id && !this.list.loadingFirst();
    const nothing = settled && !found && !this.list.error() && !this.list.hasMore();
    return errorOf(id) || (nothing && END_OF_ID.test(id) ? USE_WHOLE : '');
  });

  constructor() {
    inject(PageContext).show([{ label: 'System', link: '/system' }, { label: 'Events' }]);
    effect(() => void this.list.load(this.filters()));
  }

  protected clear(): void {
    this.wantedId.set('');
    this.filter({ type: null, service: null, correlation: null, since: null });
  }

  protected filterById(id: string): void {
    this.wantedId.set(id);
    if (!errorOf(id)) this.filter({ correlation: id || null }, 'typed');
  }

  private rowOf(event: PastEvent): HistoryRow {
    const { id, at, type, data, service, correlation_id } = event;
    const facts = [
      { title: 'Time', value: formatExact(at) },
      { title: 'Type', value: type },
      ...(this.admin() ? [{ title: 'Whose', value: event.user_id ?? 'Installation' }] : []),
      { title: 'Correlation id', value: correlation_id, copied: true },
      { title: 'Event id', value: id, copied: true },
    ];
    const name = typeInWords(type);
    return { key: id, at, type, data, service, correlationId: correlation_id, facts, name };
  }

  private offered(
    known: readonly string[],
    nameOf: (event: PastEvent) => string,
    chosen: string | null,
  ): readonly string[] {
    const seen = this.list.items().map(nameOf);
    return [...new Set([...known, ...seen, ...(chosen ? [chosen] : [])])];
  }
}

/** What keeps a text from being looked for as an id; empty when nothing does. */
function errorOf(id: string): string {
  if (CUT.test(id)) return USE_WHOLE;
  return !id || ID.test(id) ? '' : 'An id has no spaces, and 100 characters at most.';
}

function readPage(filters: Filters, from: string | null): Promise<Page<PastEvent>> {
  const span = SINCE.find(({ value }) => value === filters.since);
  const since = span?.ms ? new Date(Date.now() - span.ms).toISOString() : undefined;
  const read = (cursor: string | null) =>
    unwrap(listEvents({ query: { ...filters, since, cursor, limit: PAGE_SIZE } }));
  return filledPage(read, from, PAGE_SIZE);
}
