import { Clipboard } from '@angular/cdk/clipboard';
import { Component, inject, input, signal } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { Icon } from './icon';

const COPIED_MS = 2_000;

/** A value to carry elsewhere, with a button that copies it. */
@Component({
  selector: 'k-copy-field',
  imports: [MatButton, Icon],
  template: `
    <code
      [class.block]="block()"
      [attr.tabindex]="block() ? 0 : null"
      [attr.aria-label]="label()"
      >{{ value() }}</code
    >
    <button matButton type="button" [attr.aria-label]="'Copy ' + label()" (click)="copy()">
      <k-icon [name]="copied() ? 'check' : 'content_copy'" [size]="16" />
      {{ copied() ? 'Copied' : 'Copy' }}
    </button>
    <span class="k-sr-only" role="status">{{ copied() ? label() + ' copied' : '' }}</span>
  `,
  host: { '[class.tall]': 'block()' },
  styles: `
    :host {
      display: flex;
      align-items: center;
      gap: 4px;
      min-height: 36px;
      padding: 0 0 0 10px;
      border: 1px solid var(--mat-sys-outline-variant);
      border-radius: 6px;
      background: var(--mat-sys-surface-container-low);
    }
    :host(.tall) {
      position: relative;
      display: block;
      padding: 0;
    }
    code {
      flex: 1;
      min-width: 0;
      padding: 6px 0;
      overflow-wrap: anywhere;
    }
    .block {
      display: block;
      padding: 12px;
      padding-right: 88px;
      overflow-x: auto;
      white-space: pre;
    }
    button {
      flex: none;
    }
    :host(.tall) button {
      position: absolute;
      top: 2px;
      right: 2px;
      background: var(--mat-sys-surface-container-low);
    }
  `,
})
export class CopyField {
  private readonly clipboard = inject(Clipboard);

  readonly value = input.required<string>();
  /** What the value is, in lower case: "the secret". */
  readonly label = input.required<string>();
  /** Several lines, kept as they are. */
  readonly block = input(false);

  protected readonly copied = signal(false);

  protected copy(): void {
    this.clipboard.copy(this.value());
    this.copied.set(true);
    setTimeout(() => this.copied.set(false), COPIED_MS);
  }
}
