import {
  afterNextRender,
  Component,
  computed,
  effect,
  ElementRef,
  inject,
  Injector,
  input,
  signal,
} from '@angular/core';
import { MatFormField } from '@angular/material/form-field';
import { MatSelectModule } from '@angular/material/select';
import { Router } from '@angular/router';
import { type AuditEntryOut, type AuditEventType, listAuditEntries } from '@core/api';
import { Session } from '@core/auth/session';
import { filledPage } from '@core/http/filled-page';
import { unwrap } from '@core/http/unwrap';
import { addressFilters } from '@core/page/address-filters';
import { keptList } from '@core/page/kept-list';
import { PageContext } from '@core/page/page-context';
import { EmptyState } from '@shared/empty-state';
import { CountPipe } from '@shared/format/format-pipes';
import { formatCount } from '@shared/format/numbers';
import { formatExact } from '@shared/format/times';
import { Icon } from '@shared/icon';
import { ListFrame } from '@shared/list-frame';
import { ListHead } from '@shared/list-head';
import { Notice } from '@shared/notice';
import { RefreshButton } from '@shared/refresh-button';
import { AUDIT_TYPES } from './audit-types';
import { typeInWords, whoseInWords } from './event-words';
import { type HistoryRow, HistoryTable } from './history-table';
import { RecordExport } from './record-export';
import { RecordVerify } from './record-verify';

const PAGE_SIZE = 50;
/** What a place may look like in the address. */
const PLACE = /^[1-9][0-9]{0,14}$/;
const KNOWN: ReadonlySet<string> = new Set(AUDIT_TYPES.flatMap(({ types }) => types));

interface Query {
  readonly type: AuditEventType | null;
  /** The newest place that is listed; null for the end of the chain. */
  readonly up_to: number | null;
}

/** The record: the user's own entries, everybody's for administrators, newest first. */
@Component({
  selector: 'k-audit-page',
  imports: [
    MatFormField,
    MatSelectModule,
    CountPipe,
    EmptyState,
    HistoryTable,
    Icon,
    ListFrame,
    ListHead,
    Notice,
    RecordExport,
    RecordVerify,
    RefreshButton,
  ],
  templateUrl: './audit-page.html',
  styleUrl: './audit-page.scss',
})
export class AuditPage {
  private readonly router = inject(Router);
  private readonly session = inject(Session);
  private readonly host = inject<ElementRef<HTMLElement>>(ElementRef);

  private readonly injector = inject(Injector);

  readonly type = input<string>();
  /** The list begins at this place, which is shown open. */
  readonly up_to = input<string>();

  protected readonly groups = AUDIT_TYPES;
  protected readonly typeInWords = typeInWords;
  protected readonly admin = computed(() => this.session.user()?.role === 'admin');
  protected readonly filter = computed(() => {
    const type = this.type();
    return type && KNOWN.has(type) ? (type as AuditEventType) : null;
  });
  /** The place in the address, or null. */
  protected readonly place = computed(() => {
    const place = this.up_to() ?? '';
    return PLACE.test(place) ? Number(place) : null;
  });
  protected readonly list = keptList<AuditEntryOut, Query>('record', readPage);
  protected readonly hint = computed(() =>
    this.admin()
      ? 'Every event that matters, in one chain: whoever changes, removes or adds an entry later breaks it.'
      : 'What you did and what your pipelines did, in a chain that nobody can change unseen.',
  );
  protected readonly rows = computed(() => this.list.items().map((entry) => this.rowOf(entry)));
  protected readonly refresh = () => this.list.catchUp(({ chain_position }) => chain_position);
  private readonly change = addressFilters('/system/audit');
  /** The place of the entry that is open, or null. */
  protected readonly open = signal<string | number | null>(null);
  /** The list was read from a place that holds no entry which may be shown. */
  protected readonly gone = computed(() => {
    const [place, settled] = [this.place(), !this.list.loadingFirst() && !this.list.error()];
    const there = this.list.items().some(({ chain_position }) => chain_position === place);
    return place !== null && settled && this.filter() === null && !there;
  });
  /** Where somebody asked to be taken, until they are there. */
  private wanted: number | null = null;

  constructor() {
    inject(PageContext).show([{ label: 'System', link: '/system' }, { label: 'Record' }]);
    effect(() => void this.load({ type: this.filter(), up_to: this.place() }));
  }

  protected choose(type: string | null): void {
    this.change({ type });
  }

  /** Lists from the end of the chain again. */
  protected toTheEnd(): void {
    this.find('.type-filter mat-select')?.focus();
    this.change({ up_to: null });
  }

  /** Lists from a place on, of whatever type, and shows what stands there. */
  protected goTo(place: number): void {
    this.wanted = place;
    if (this.place() === place && this.filter() === null) this.reveal(place);
    else void this.router.navigate(['/system/audit'], { queryParams: { up_to: place } });
  }

  private async load(query: Query): Promise<void> {
    if (query.up_to !== null) this.open.set(query.up_to);
    await this.list.load(query);
    if (query.up_to !== null && query.up_to === this.place()) this.reveal(query.up_to);
  }

  /** Takes whoever asked for it to the row of a place, or to the word that there is none. */
  private reveal(place: number): void {
    if (this.wanted !== place) return;
    this.wanted = null;
    this.open.set(place);
    const show = (): void => {
      const row = this.find(`[data-key="${place}"]`);
      (row ?? this.find('.from'))?.scrollIntoView({ block: 'center' });
      (row?.querySelector<HTMLElement>('.end button') ?? this.find('.from'))?.focus();
    };
    afterNextRender({ read: show }, { injector: this.injector });
  }

  private rowOf(entry: AuditEntryOut): HistoryRow {
    const { chain_position, timestamp, event_type, data, user_id, correlation_id } = entry;
    const own = this.session.user()?.id ?? null;
    const who = whoseInWords(user_id, own);
    const facts = [
      { title: 'Place', value: formatCount(chain_position) },
      { title: 'Time', value: formatExact(timestamp) },
      { title: 'Type', value: event_type },
      { title: 'Who', value: user_id === null ? who : `${who}, ${user_id}` },
      { title: 'Hash', value: entry.hash, copied: true },
      { title: 'Previous hash', value: entry.previous_hash, copied: true },
      { title: 'Correlation id', value: correlation_id, copied: true },
      { title: 'Event id', value: entry.event_id, copied: true },
    ];
    return {
      key: chain_position,
      at: timestamp,
      type: event_type,
      data,
      correlationId: correlation_id,
      facts,
      name: `entry ${formatCount(chain_position)}`,
      place: chain_position,
      ...(this.admin() ? { who: { words: who, id: user_id } } : {}),
    };
  }

  private find(selector: string): HTMLElement | null {
    return this.host.nativeElement.querySelector<HTMLElement>(selector);
  }
}

function readPage({ type, up_to }: Query, from: string | null) {
  const asked = { type, limit: PAGE_SIZE, ...(up_to === null ? {} : { up_to }) };
  const read = (cursor: string | null) => unwrap(listAuditEntries({ query: { ...asked, cursor } }));
  return filledPage(read, from, PAGE_SIZE);
}
