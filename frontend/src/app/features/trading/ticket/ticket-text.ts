import { Component, input, output } from '@angular/core';

let fields = 0;

/** A labelled field for a number, with its hint and what is wrong with it. */
@Component({
  selector: 'k-ticket-text',
  template: `
    <label class="k-label" [for]="name"
      >{{ label() }}
      @if (optional()) {
        <span class="k-muted">optional</span>
      }
    </label>
    <input
      #box
      class="k-input"
      inputmode="decimal"
      autocomplete="off"
      [id]="name"
      [value]="value()"
      [placeholder]="placeholder()"
      [attr.aria-required]="!optional()"
      [attr.aria-invalid]="fault() ? true : null"
      [attr.aria-describedby]="name + '-help'"
      (input)="valueChange.emit(box.value)"
      (blur)="left.emit()"
    />
    <div [id]="name + '-help'">
      @if (fault(); as fault) {
        <p class="k-field-error" role="alert">{{ fault }}</p>
      } @else if (hint()) {
        <p class="k-help">{{ hint() }}</p>
      }
    </div>
  `,
  styles: `
    :host {
      display: block;
    }
    .k-input {
      text-align: right;
      font-variant-numeric: tabular-nums;
    }
    .k-label .k-muted {
      font-weight: 400;
    }
  `,
})
export class TicketText {
  readonly label = input.required<string>();
  readonly value = input.required<string>();
  readonly hint = input('');
  readonly placeholder = input('');
  readonly optional = input(false);
  readonly fault = input<string | null>(null);
  readonly valueChange = output<string>();
  /** The field was left. */
  readonly left = output();

  protected readonly name = `k-ticket-${(fields += 1)}`;
}
