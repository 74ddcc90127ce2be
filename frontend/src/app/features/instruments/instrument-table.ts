import { NgTemplateOutlet } from '@angular/common';
import { Component, computed, input, output } from '@angular/core';
import { MatIconButton } from '@angular/material/button';
import { RouterLink } from '@angular/router';
import type { InstrumentOut } from '@core/api';
import { Icon } from '@shared/icon';
import { datasetWords, NOT_KNOWN, shortWords } from './instrument-words';

/** Instruments as rows, on narrow screens as cards; a click opens one. */
@Component({
  selector: 'k-instrument-table',
  imports: [NgTemplateOutlet, RouterLink, MatIconButton, Icon],
  templateUrl: './instrument-table.html',
  styleUrl: './instrument-table.scss',
})
export class InstrumentTable {
  readonly items = input.required<readonly InstrumentOut[]>();
  /** The symbol of the instrument that shall be opened. */
  readonly opened = output<string>();

  protected readonly NOT_KNOWN = NOT_KNOWN;
  protected readonly rows = computed(() =>
    this.items().map((item) => ({
      item,
      short: shortWords(item.shortable),
      datasets: item.datasets.map(datasetWords),
      yours: (field: keyof InstrumentOut['decided_by']) => item.decided_by[field] === 'user',
    })),
  );

  /** The button in the row serves keyboards; the rest of the row serves the mouse. */
  protected open(event: MouseEvent, symbol: string): void {
    if ((event.target as HTMLElement).closest('a, button')) return;
    this.opened.emit(symbol);
  }
}
