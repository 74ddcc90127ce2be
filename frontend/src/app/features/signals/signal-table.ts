import { Component, inject, input, output } from '@angular/core';
import type { SignalOut } from '@core/api';
import { SignalTypes } from '@core/signals/signal-types';
import { DirectionChip } from '@shared/direction-chip';
import { Icon } from '@shared/icon';
import { RowToggle } from '@shared/row-toggle';
import { Time } from '@shared/time';
import { SignalDetail } from './signal-detail';

const CHIPS_SHOWN = 3;

/** Signals as rows; a click opens what came of one below it. */
@Component({
  selector: 'k-signal-table',
  imports: [DirectionChip, Icon, RowToggle, SignalDetail, Time],
  templateUrl: './signal-table.html',
  styleUrl: './signal-table.scss',
})
export class SignalTable {
  protected readonly types = inject(SignalTypes);

  readonly items = input.required<readonly SignalOut[]>();
  /** The id of the signal that is open, or null. */
  readonly open = input<string | null>(null);
  /** Ids of what has just arrived. */
  readonly fresh = input<ReadonlySet<string>>(new Set());
  readonly toggled = output<string>();

  protected shown(signal: SignalOut): SignalOut['tickers'] {
    return signal.tickers.slice(0, CHIPS_SHOWN);
  }

  /** A generator is called what its signals are; a webhook what its owner called it. */
  protected sourceOf({ source }: SignalOut): string {
    const known = this.types.all().some(({ signal_type }) => signal_type === source);
    return known ? this.types.nameOf(source) : source;
  }

  protected hidden(signal: SignalOut): number {
    return Math.max(0, signal.tickers.length - CHIPS_SHOWN);
  }

  /** The button serves keyboards; the rest of the row serves the mouse. */
  protected toggle(event: MouseEvent, signal: SignalOut): void {
    if ((event.target as HTMLElement).closest('a')) return;
    this.toggled.emit(signal.id);
  }
}
