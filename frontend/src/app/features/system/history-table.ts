import { Clipboard } from '@angular/cdk/clipboard';
import { Component, computed, effect, inject, input, model, output } from '@angular/core';
import { MatIconButton } from '@angular/material/button';
import { MatSnackBar } from '@angular/material/snack-bar';
import { RouterLink } from '@angular/router';
import { PipelineNames } from '@core/pipelines/pipeline-names';
import { CountPipe } from '@shared/format/format-pipes';
import { formatCount } from '@shared/format/numbers';
import { Icon } from '@shared/icon';
import { RowToggle } from '@shared/row-toggle';
import { Time } from '@shared/time';
import { EventDetail, type Fact } from './event-detail';
import { dataInWords, endOfId, pipelineOf, typeInWords } from './event-words';

type Key = string | number;

/** Something that happened, as a row says it. */
export interface HistoryRow {
  readonly key: Key;
  readonly at: string;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly correlationId: string;
  readonly facts: readonly Fact[];
  /** What the button that opens it is called. */
  readonly name: string;
  readonly place?: number;
  readonly service?: string;
  readonly who?: { readonly words: string; readonly id: string | null };
}

/** Columns that one page has and the other has not. */
export type HistoryColumn = 'place' | 'service' | 'who';

/** What happened, newest first; a click opens what a row holds. */
@Component({
  selector: 'k-history-table',
  imports: [RouterLink, MatIconButton, CountPipe, EventDetail, Icon, RowToggle, Time],
  providers: [PipelineNames],
  templateUrl: './history-table.html',
  styleUrl: './history-table.scss',
})
export class HistoryTable {
  private readonly names = inject(PipelineNames);
  private readonly clipboard = inject(Clipboard);
  private readonly messages = inject(MatSnackBar);

  readonly label = input.required<string>();
  readonly rows = input.required<readonly HistoryRow[]>();
  readonly columns = input.required<readonly HistoryColumn[]>();
  /** The row that somebody was led to, or null. */
  readonly sought = input<Key | null>(null);
  /** Whether the rows can be narrowed to one correlation id; else it is copied. */
  readonly filtersById = input(false);
  readonly open = model<Key | null>(null);
  readonly idChosen = output<string>();

  protected readonly typeInWords = typeInWords;
  protected readonly endOfId = endOfId;
  /** Time, type, what, correlation id, details, and those of the page. */
  protected readonly width = computed(() => 5 + this.columns().length);
  protected readonly shown = computed(() =>
    this.rows().map((row) => {
      const id = pipelineOf(row.data);
      const name = id === null ? null : this.names.nameOf(id);
      const what = dataInWords(row.type, row.data);
      return { ...row, what, aside: asideOf(row), pipeline: { id, name } };
    }),
  );

  constructor() {
    effect(() => {
      const ids = this.rows().map(({ data }) => pipelineOf(data));
      void this.names.find(ids.filter((id) => id !== null));
    });
  }

  protected has(column: HistoryColumn): boolean {
    return this.columns().includes(column);
  }

  /** The button serves keyboards; the rest of the row serves the mouse. */
  protected toggle(event: Event, key: Key): void {
    if ((event.target as HTMLElement).closest('a, .by-id')) return;
    this.open.set(this.open() === key ? null : key);
  }

  protected copy(id: string): void {
    this.clipboard.copy(id);
    this.messages.open('Correlation id copied', undefined, { duration: 2_000 });
  }
}

/** What has columns of its own where there is room. */
function asideOf({ place, who, service }: HistoryRow): string {
  const at = place === undefined ? '' : `Place ${formatCount(place)}`;
  return [at, who?.words, service].filter(Boolean).join(' · ');
}
