import {
  booleanAttribute,
  Component,
  DestroyRef,
  inject,
  input,
  linkedSignal,
  output,
} from '@angular/core';
import { Icon } from './icon';

const PAUSE_MS = 200;

/** A field that narrows a list as one types. */
@Component({
  selector: 'k-search-field',
  imports: [Icon],
  template: `
    <k-icon name="search" [size]="18" />
    <input
      #box
      type="search"
      class="k-input"
      [attr.aria-label]="label()"
      [placeholder]="placeholder()"
      [value]="typed()"
      [attr.aria-invalid]="invalid() ? 'true' : null"
      (input)="type(box.value)"
    />
  `,
  styles: `
    :host {
      position: relative;
      display: flex;
      align-items: center;
      width: 260px;
    }
    k-icon {
      position: absolute;
      left: 10px;
      color: var(--mat-sys-on-surface-variant);
    }
    input {
      padding-left: 34px;
    }
    @media (max-width: 700px) {
      :host {
        width: 100%;
      }
    }
  `,
})
export class SearchField {
  readonly label = input.required<string>();
  readonly placeholder = input('Search');
  readonly value = input.required<string>();
  /** What was typed cannot be looked for. */
  readonly invalid = input(false, { transform: booleanAttribute });
  /** What is looked for, without spaces around it, once there is a pause in the typing. */
  readonly searched = output<string>();

  protected readonly typed = linkedSignal(() => this.value());
  private pause?: ReturnType<typeof setTimeout>;

  constructor() {
    inject(DestroyRef).onDestroy(() => clearTimeout(this.pause));
  }

  protected type(text: string): void {
    this.typed.set(text);
    clearTimeout(this.pause);
    this.pause = setTimeout(() => this.searched.emit(text.trim()), PAUSE_MS);
  }
}
