import { Component, computed, inject, input, output, signal } from '@angular/core';
import { MatAutocompleteModule } from '@angular/material/autocomplete';
import { Icon } from '@shared/icon';
import type { ImportJob } from './import-job';
import { HOW_LOOKS } from './import-words';
import { UTC } from './markets';
import { Markets } from '@core/market/markets';
import { type UnderstoodRow, understoodRows } from './understood-rows';

const MOST_ZONES = 40;
/** Zones that the browser does not list; brokers' servers keep the time of the first two. */
const BESIDES = ['EET', 'America/New_York+07:00', 'CET', 'WET'];

/** What was understood of a file, how each thing is known, and the fields that correct it. */
@Component({
  selector: 'k-import-facts',
  imports: [MatAutocompleteModule, Icon],
  templateUrl: './import-facts.html',
  styleUrl: './import-facts.scss',
})
export class ImportFacts {
  readonly job = input.required<ImportJob>();
  /** What is typed shall be said. */
  readonly corrected = output();

  protected readonly looks = HOW_LOOKS;
  private readonly markets = inject(Markets);
  protected readonly rows = computed(() => {
    const view = this.job().view();
    return view ? understoodRows(view, this.markets.all()) : [];
  });
  /** Nothing can be corrected just now. */
  protected readonly locked = computed(() => this.job().busy());

  protected readonly typedZone = signal('');
  protected readonly zones = computed(() => {
    const wanted = this.typedZone().trim().toLowerCase().replaceAll(' ', '_');
    const zones = new Set([UTC, ...BESIDES, ...Intl.supportedValuesOf('timeZone')]);
    const found = [...zones].filter((zone) => hasWord(zone.toLowerCase(), wanted));
    return found.slice(0, MOST_ZONES);
  });

  protected idOf({ name }: UnderstoodRow): string {
    return `${this.job().key}-${name}`;
  }

  /** What stands in a field. */
  protected valueOf({ field, value }: UnderstoodRow): string {
    return (field && this.job().drafts()[field]) ?? value;
  }

  /** What is wrong with a field: with what was typed, or that the file, as told above, needs it. */
  protected faultOf({ field }: UnderstoodRow): string | null {
    if (!field) return null;
    const fault = this.job().fault();
    const view = this.job().view();
    const inFile = view?.status === 'refused' && view.problems.some((it) => it.field === field);
    return fault?.forField(field) ?? (inFile ? 'Type it here: the file does not say it.' : null);
  }

  /** Whether the list has closed since the field was left, and not since nothing in it fits. */
  protected isLeft(field: HTMLElement): boolean {
    return field.ownerDocument.activeElement !== field;
  }

  /** What is typed counts from the first key on, whether or not the field is left. */
  protected type({ field, value: shown }: UnderstoodRow, value: string): void {
    if (field && !this.locked()) this.job().type(field, value.trim() === shown ? null : value);
  }

  /** Says what is typed; leaving a field after Enter says nothing new. */
  protected change(row: UnderstoodRow, value: string): void {
    this.type(row, value);
    const job = this.job();
    if (row.field && job.changed() && !job.refused() && !this.locked()) this.corrected.emit();
  }
}

/** Whether a word of a zone begins so: EET is no wish for Freetown. */
function hasWord(zone: string, wanted: string): boolean {
  return zone.startsWith(wanted) || ['/', '_', '-'].some((mark) => zone.includes(mark + wanted));
}
