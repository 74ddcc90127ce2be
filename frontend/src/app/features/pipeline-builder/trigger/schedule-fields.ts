import { Component, input, output, signal } from '@angular/core';
import { MatButtonToggleModule } from '@angular/material/button-toggle';
import { MatSlideToggle } from '@angular/material/slide-toggle';
import { TickerChips } from '@shared/ticker-chips/ticker-chips';
import type { Edit, Hours, PeriodicStart, Weekday } from '../domain/trigger';
import { USUAL_HOURS, WEEKDAYS } from '../domain/trigger';
import { EndedPrices } from './ended-prices';

const OFTEN = [
  { minutes: 5, label: '5 min' },
  { minutes: 15, label: '15 min' },
  { minutes: 60, label: 'Hour' },
  { minutes: 1440, label: 'Day' },
];
const NAMES: Readonly<Record<Weekday, string>> = {
  mon: 'Monday',
  tue: 'Tuesday',
  wed: 'Wednesday',
  thu: 'Thursday',
  fri: 'Friday',
  sat: 'Saturday',
  sun: 'Sunday',
};
const MOST_SYMBOLS = 20;
const MOST_MINUTES = 1440;

/** How often a pipeline runs, in which zone, and on what. */
@Component({
  selector: 'k-schedule-fields',
  imports: [MatButtonToggleModule, MatSlideToggle, EndedPrices, TickerChips],
  template: `
    <mat-slide-toggle
      hideIcon
      class="hours"
      [checked]="value().continuous"
      (change)="write({ continuous: $event.checked })"
    >
      Start again when the last run has ended
    </mat-slide-toggle>
    @if (value().continuous) {
      <p class="k-help">
        One run follows another, with at least a minute between two starts, until you switch it off.
      </p>
    }
    <div>
      <label class="k-label" for="every">
        {{ value().continuous ? 'After a run that failed, wait' : 'Every' }}
      </label>
      <div class="every">
        <input
          #every
          id="every"
          class="k-input"
          inputmode="numeric"
          aria-describedby="every-unit"
          [value]="value().every_minutes"
          [attr.aria-invalid]="problem() ? 'true' : null"
          (input)="readMinutes(every.value)"
          (blur)="problem() && (every.value = '' + value().every_minutes); problem.set('')"
        />
        <span id="every-unit">minutes</span>
        <span class="quick" role="group" aria-label="Often used">
          @for (item of often; track item.minutes) {
            <button
              type="button"
              class="k-filter"
              [attr.aria-pressed]="value().every_minutes === item.minutes"
              (click)="write({ every_minutes: item.minutes })"
            >
              {{ item.label }}
            </button>
          }
        </span>
      </div>
      @if (problem(); as text) {
        <p class="k-field-error" role="alert">{{ text }}</p>
      }
    </div>
    <div>
      <label class="k-label" for="zone">
        {{ value().continuous ? 'Hours are those of' : 'Counted from midnight in' }}
      </label>
      <input
        #zone
        id="zone"
        class="k-input"
        list="zones"
        autocomplete="off"
        spellcheck="false"
        [value]="value().timezone"
        [attr.aria-invalid]="zoneProblem() ? 'true' : null"
        (change)="readZone(zone.value)"
      />
      <datalist id="zones">
        @for (name of zones; track name) {
          <option [value]="name"></option>
        }
      </datalist>
      @if (zoneProblem(); as text) {
        <p class="k-field-error" role="alert">{{ text }}</p>
      }
    </div>
    <mat-slide-toggle
      hideIcon
      class="hours"
      [checked]="!!value().window"
      (change)="write({ window: $event.checked ? usualHours : null })"
    >
      Only at certain hours
    </mat-slide-toggle>
    @if (value().window; as hours) {
      <div class="window">
        <input
          #from
          class="k-input"
          type="time"
          required
          aria-label="From"
          [value]="hours.from"
          (change)="readHours(hours, { from: from.value })"
        />
        <span>to</span>
        <input
          #to
          class="k-input"
          type="time"
          required
          aria-label="To"
          [value]="hours.to === '24:00' ? '00:00' : hours.to"
          (change)="readHours(hours, { to: to.value === '00:00' ? '24:00' : to.value })"
        />
        <mat-button-toggle-group
          class="k-dense"
          multiple
          hideMultipleSelectionIndicator
          aria-label="Days"
          [value]="hours.days"
          (change)="readHours(hours, { days: inOrder($event.value) })"
        >
          @for (day of days; track day) {
            <mat-button-toggle [value]="day" [aria-label]="names[day]">{{
              names[day].slice(0, 2)
            }}</mat-button-toggle>
          }
        </mat-button-toggle-group>
      </div>
      @if (hoursProblem(); as text) {
        <p class="k-field-error" role="alert">{{ text }}</p>
      } @else if (hours.to < hours.from) {
        <p class="k-help">Over midnight, from the evening of these days on.</p>
      }
    }
    <div>
      <label class="k-label" for="symbols">Symbols</label>
      <k-ticker-chips
        inputId="symbols"
        label="Symbols"
        [most]="most"
        [tickers]="value().symbols"
        (tickersChange)="write({ symbols: $event })"
      />
      <k-ended-prices [symbols]="value().symbols" />
    </div>
  `,
  styles: `
    :host {
      display: grid;
      gap: 12px;
    }
    .every {
      display: flex;
      flex-wrap: wrap;
      align-items: center;
      gap: 8px;
    }
    .every input {
      width: 64px;
    }
    .window {
      display: flex;
      flex-wrap: wrap;
      align-items: center;
      gap: 8px;
    }
    .window input {
      width: 108px;
    }
    .window mat-button-toggle-group {
      flex: 1 0 100%;
    }
    .window mat-button-toggle {
      flex: 1;
      text-align: center;
    }
    .quick {
      display: flex;
      gap: 4px;
      margin-left: auto;
    }
    .quick button {
      padding: 0 7px;
    }
  `,
})
export class ScheduleFields {
  readonly value = input.required<PeriodicStart>();
  readonly changed = output<Edit<PeriodicStart>>();

  protected readonly often = OFTEN;
  protected readonly most = MOST_SYMBOLS;
  protected readonly days = WEEKDAYS;
  protected readonly names = NAMES;
  protected readonly usualHours = USUAL_HOURS;
  protected readonly hoursProblem = signal('');
  protected readonly zones = ['UTC', ...Intl.supportedValuesOf('timeZone')];
  protected readonly problem = signal('');
  protected readonly zoneProblem = signal('');

  protected write(change: Partial<PeriodicStart>): void {
    this.problem.set('');
    this.changed.emit((current) => ({ ...current, ...change }));
  }

  /** Only what can be saved is taken over. */
  protected readMinutes(text: string): void {
    const minutes = Number(text);
    const fits = Number.isInteger(minutes) && minutes >= 1 && minutes <= MOST_MINUTES;
    if (fits) this.write({ every_minutes: minutes });
    else this.problem.set(`Enter whole minutes from 1 to ${MOST_MINUTES}, which is a day.`);
  }

  /** Only what can be saved is taken over. */
  protected readHours(hours: Hours, change: Partial<Hours>): void {
    const wanted = { ...hours, ...change };
    const problem =
      !wanted.from || !wanted.to
        ? 'Enter when it begins and when it ends.'
        : wanted.from === wanted.to
          ? 'Let it end at another time than it begins at.'
          : wanted.days.length
            ? ''
            : 'Choose at least one day.';
    this.hoursProblem.set(problem);
    if (!problem) this.write({ window: wanted });
  }

  protected inOrder(days: readonly Weekday[]): readonly Weekday[] {
    return WEEKDAYS.filter((day) => days.includes(day));
  }

  protected readZone(text: string): void {
    const zone = this.zones.find((name) => name.toLowerCase() === text.trim().toLowerCase());
    this.zoneProblem.set(zone ? '' : 'Choose a zone from the list, such as America/New_York.');
    if (zone) this.write({ timezone: zone });
  }
}
