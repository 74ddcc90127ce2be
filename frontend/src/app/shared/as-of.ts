import { Component, computed, inject, input, model } from '@angular/core';
import { localMoment, zoneInWords } from './format/times';
import { Ticking } from './ticking';

/** The moment that a run is as of: now, or a date and time in history in the viewer's zone. */
@Component({
  selector: 'k-as-of',
  template: `
    <label class="when">
      <span class="caption">As of</span>
      <select
        #when
        aria-label="As of"
        [value]="inHistory() ? 'history' : 'now'"
        [disabled]="disabled()"
        (change)="choose(when.value === 'history')"
      >
        <option value="now">Now</option>
        <option value="history">A date in history</option>
      </select>
    </label>
    @if (inHistory()) {
      <input
        #moment
        class="moment"
        type="datetime-local"
        aria-label="Date and time to run as of"
        aria-describedby="as-of-zone as-of-fault"
        [attr.aria-invalid]="fault() ? true : null"
        [max]="latest()"
        [value]="value()"
        [disabled]="disabled()"
        (input)="value.set(moment.value)"
        (change)="value.set(moment.value)"
      />
      <span id="as-of-zone" class="zone">{{ zone }}</span>
      <span id="as-of-fault" class="fault" role="alert">{{ fault() }}</span>
    }
  `,
  styles: `
    :host {
      display: flex;
      flex-wrap: wrap;
      align-items: center;
      gap: 4px 12px;
      min-width: 0;
    }
    .when {
      display: flex;
      align-items: center;
      gap: 8px;
    }
    .caption {
      color: var(--mat-sys-on-surface-variant);
      font-size: 13px;
      white-space: nowrap;
    }
    select {
      padding-right: 32px;
      appearance: none;
      background-image:
        linear-gradient(45deg, transparent 50%, currentcolor 50%),
        linear-gradient(-45deg, transparent 50%, currentcolor 50%);
      background-position:
        right 15px center,
        right 10px center;
      background-repeat: no-repeat;
      background-size: 5px 5px;
    }
    select,
    .moment {
      height: 36px;
      padding-left: 10px;
      border: 1px solid var(--mat-sys-outline);
      border-radius: 6px;
      background-color: var(--mat-sys-surface);
      color: inherit;
      font: inherit;
    }
    .moment[aria-invalid] {
      border-color: var(--k-failed);
    }
    .zone {
      color: var(--mat-sys-on-surface-variant);
      font-size: 13px;
      white-space: nowrap;
    }
    .fault {
      color: var(--k-failed);
      font-size: 13px;
    }
    .fault:empty {
      display: none;
    }
    @media (max-width: 700px) {
      .caption {
        display: none;
      }
    }
  `,
})
export class AsOf {
  private readonly ticking = inject(Ticking);

  /** Local date and time, as `2013-03-01T16:00`; empty means now, or that none is named yet. */
  readonly value = model('');
  /** Whether a moment in history is wanted, though it may not be named yet. */
  readonly inHistory = model(false);
  readonly disabled = input(false);

  protected readonly zone = zoneInWords();
  protected readonly latest = computed(() =>
    localMoment(new Date(this.ticking.nowMs()).toISOString()),
  );
  protected readonly fault = computed(() => aheadInWords(this.value(), this.ticking.nowMs()));

  protected choose(inHistory: boolean): void {
    if (!inHistory) this.value.set('');
    this.inHistory.set(inHistory);
  }
}

/** What the field of a moment stands for, in ISO 8601; null for now. */
export function momentOf(local: string): string | null {
  return local ? new Date(local).toISOString() : null;
}

/** What is wrong with a moment that is still to come; '' for every other. */
export function aheadInWords(local: string, nowMs: number): string {
  const ahead = local !== '' && Date.parse(local) > nowMs;
  return ahead ? 'This is in the future. Choose a moment up to now.' : '';
}
