import { Component, computed, inject, input, output, signal } from '@angular/core';
import { MatAutocompleteModule } from '@angular/material/autocomplete';
import type { Correction, ImportView } from '@core/api';
import type { ProblemError } from '@core/http/problem-error';
import { Icon } from '@shared/icon';
import { corrected, type Field, HOW_LOOKS } from './import-words';
import { UTC } from './markets';
import { Markets } from '@core/market/markets';
import { type UnderstoodRow, understoodRows } from './understood-rows';

const MOST_ZONES = 40;

/** What was understood of a file, how each thing is known, and the fields that correct it. */
@Component({
  selector: 'k-import-facts',
  imports: [MatAutocompleteModule, Icon],
  templateUrl: './import-facts.html',
  styleUrl: './import-facts.scss',
})
export class ImportFacts {
  readonly view = input.required<ImportView>();
  /** Names what is on this card. */
  readonly key = input.required<string>();
  /** Nothing can be corrected just now. */
  readonly locked = input(false);
  /** Why the last correction was not taken. */
  readonly fault = input<ProblemError | null>(null);
  readonly changed = output<Correction>();

  protected readonly looks = HOW_LOOKS;
  private readonly markets = inject(Markets);
  protected readonly rows = computed(() => understoodRows(this.view(), this.markets.all()));
  private last: { view: ImportView; field: Field; wanted: string } | null = null;

  protected readonly typedZone = signal('');
  protected readonly zones = computed(() => {
    const wanted = this.typedZone().trim().toLowerCase().replaceAll(' ', '_');
    const zones = [UTC, ...Intl.supportedValuesOf('timeZone').filter((zone) => zone !== UTC)];
    return zones.filter((zone) => zone.toLowerCase().includes(wanted)).slice(0, MOST_ZONES);
  });

  protected idOf({ name }: UnderstoodRow): string {
    return `${this.key()}-${name}`;
  }

  /** What is wrong with a field: with what was typed, or that the file, as told above, needs it. */
  protected faultOf({ field }: UnderstoodRow): string | null {
    if (!field) return null;
    const fault = this.fault();
    const { problems, status } = this.view();
    const inFile = status === 'refused' ? problems.find((item) => item.field === field) : undefined;
    return fault?.forField(field) ?? (inFile ? 'Type it here: the file does not say it.' : null);
  }

  /** Leaving a field after Enter says the same again. */
  protected change({ field, value: shown }: UnderstoodRow, value: string): void {
    const wanted = value.trim();
    const last = this.last;
    if (!field || wanted === shown || this.locked()) return;
    if (last?.view === this.view() && last.field === field && last.wanted === wanted) return;
    this.last = { view: this.view(), field, wanted };
    this.changed.emit(corrected(this.view(), field, wanted));
  }
}
