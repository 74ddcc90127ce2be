import { Component, computed, effect, inject, input, signal } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { MatFormField } from '@angular/material/form-field';
import { MatSelectModule } from '@angular/material/select';
import { listEvents, type PastEvent, type PastEventList } from '@core/api';
import { Session } from '@core/auth/session';
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
import { AUDIT_TYPES } from './audit-types';
import { typeInWords } from './event-words';
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
/** A page may be empty although more follow; so many of those are passed at once. */
const MOST_EMPTY = 5;
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
  protected readonly typeInWords = typeInWords;
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
    return this.offered(known, ({ type }) => type, this.filters().type);
  });
  protected readonly services = computed(() =>
    this.offered(SERVICES, ({ service }) => service, this.filters().service),
  );
  protected readonly idError = signal('');

  constructor() {
    inject(PageContext).show([{ label: 'System', link: '/system' }, { label: 'Events' }]);
    effect(() => void this.list.load(this.filters()));
  }

  protected clear(): void {
    this.idError.set('');
    this.filter({ type: null, service: null, correlation: null, since: null });
  }

  protected filterById(text: string): void {
    const id = text.trim();
    this.idError.set(errorOf(id));
    if (!this.idError()) this.filter({ correlation: id || null });
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
    const all = new Set([...known, ...seen, ...(chosen ? [chosen] : [])]);
    return [...all].sort((a, b) => typeInWords(a).localeCompare(typeInWords(b)));
  }
}

/** What keeps a text from being looked for as an id; empty when nothing does. */
function errorOf(id: string): string {
  if (CUT.test(id)) return 'Use the whole id: copy it from a row’s details.';
  return !id || ID.test(id) ? '' : 'An id has no spaces, and 100 characters at most.';
}

async function readPage(filters: Filters, from: string | null): Promise<PastEventList> {
  const span = SINCE.find(({ value }) => value === filters.since);
  const since = span?.ms ? new Date(Date.now() - span.ms).toISOString() : undefined;
  let cursor = from;
  for (let passed = 0; ; passed++) {
    const page = await unwrap(
      listEvents({ query: { ...filters, since, cursor, limit: PAGE_SIZE } }),
    );
    if (page.items.length || !page.next_cursor || passed >= MOST_EMPTY) return page;
    cursor = page.next_cursor;
  }
}
