import { Component, computed, inject, input, output, resource } from '@angular/core';
import { MatButton, MatIconButton } from '@angular/material/button';
import { MatButtonToggleModule } from '@angular/material/button-toggle';
import { MatFormField } from '@angular/material/form-field';
import { MatSelectModule } from '@angular/material/select';
import { MatSlider, MatSliderThumb } from '@angular/material/slider';
import { RouterLink } from '@angular/router';
import { SignalTypes } from '@core/signals/signal-types';
import { Icon } from '@shared/icon';
import {
  DEFAULT_CONFIDENCE,
  type Direction,
  DIRECTIONS,
  type Edit,
  type SignalStart,
  type Subscribed,
  USUAL_DIRECTIONS,
} from '../domain/trigger';
import { EditorApi } from '../state/editor-api';
import { EndedPrices } from './ended-prices';
import { SignalPreview } from './signal-preview';

/** Which signals start a pipeline: tickers of one scanner, types, and how sure each has to be. */
@Component({
  selector: 'k-signal-fields',
  imports: [
    RouterLink,
    MatButton,
    MatIconButton,
    MatButtonToggleModule,
    MatFormField,
    MatSelectModule,
    MatSlider,
    MatSliderThumb,
    EndedPrices,
    Icon,
    SignalPreview,
  ],
  templateUrl: './signal-fields.html',
  styleUrl: './signal-fields.scss',
})
export class SignalFields {
  private readonly api = inject(EditorApi);
  protected readonly types = inject(SignalTypes);

  readonly value = input.required<SignalStart>();
  readonly pipelineId = input.required<string>();
  readonly changed = output<Edit<SignalStart>>();

  protected readonly scanners = resource({ loader: () => this.api.scanners() });
  protected readonly offered = computed(() =>
    this.scanners.hasValue() ? this.scanners.value() : [],
  );
  protected readonly scanner = computed(() =>
    this.offered().find((item) => item.id === this.value().scanner_id),
  );
  /** Types that no line of the list has taken yet. */
  protected readonly free = computed(() => {
    const taken = new Set(this.value().subscriptions.map((item) => item.signal_type));
    return this.types.all().filter((item) => !taken.has(item.signal_type));
  });

  protected readonly directions = DIRECTIONS;
  protected readonly labels: Readonly<Record<Direction, string>> = {
    BULLISH: 'Bullish',
    BEARISH: 'Bearish',
    NEUTRAL: 'Neutral',
    FLAT: 'Flat',
  };
  protected readonly confidence = (value: number): string => `${value}`;

  protected choices({ signal_type }: Subscribed): readonly { type: string; name: string }[] {
    const free = this.free().map((item) => ({ type: item.signal_type, name: item.name }));
    return [{ type: signal_type, name: this.types.nameOf(signal_type) }, ...free];
  }

  protected write(change: Partial<SignalStart>): void {
    this.changed.emit((current) => ({ ...current, ...change }));
  }

  protected add(): void {
    this.subscribe((current) => {
      const taken = new Set(current.map((item) => item.signal_type));
      const type = this.types.all().find((item) => !taken.has(item.signal_type));
      if (!type) return current;
      return [
        ...current,
        {
          signal_type: type.signal_type,
          min_confidence: DEFAULT_CONFIDENCE,
          directions: USUAL_DIRECTIONS,
        },
      ];
    });
  }

  protected change(type: string, change: Partial<Subscribed>): void {
    this.subscribe((current) =>
      current.map((item) => (item.signal_type === type ? { ...item, ...change } : item)),
    );
  }

  /** Without one nothing would ever start: the last one stays. */
  protected point(item: Subscribed, chosen: readonly Direction[]): void {
    if (!chosen.length) return;
    const directions = DIRECTIONS.filter((direction) => chosen.includes(direction));
    this.change(item.signal_type, { directions });
  }

  protected remove(type: string): void {
    this.subscribe((current) => current.filter((item) => item.signal_type !== type));
  }

  private subscribe(edit: Edit<readonly Subscribed[]>): void {
    this.changed.emit((current) => ({ ...current, subscriptions: edit(current.subscriptions) }));
  }
}
