import { Clipboard } from '@angular/cdk/clipboard';
import { Component, computed, inject, input, signal } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { isObject } from './json-shape';
import { JsonBranch } from './json-branch';

const COPIED_MS = 2_000;

/** Data that a person wants to read: a tree and tables first, the raw JSON on request. */
@Component({
  selector: 'k-json-tree',
  imports: [JsonBranch, MatButton],
  template: `
    <div class="bar">
      <button matButton type="button" [attr.aria-pressed]="raw()" (click)="raw.set(!raw())">
        {{ raw() ? 'Readable' : 'Raw JSON' }}
      </button>
      <button matButton type="button" (click)="copy()">{{ copied() ? 'Copied' : 'Copy' }}</button>
    </div>
    @if (raw()) {
      <pre tabindex="0" [attr.aria-label]="label() + ' as JSON'">{{ json() }}</pre>
    } @else if (empty()) {
      <p class="k-muted">{{ emptyText() }}</p>
    } @else {
      <k-json-branch [value]="value()" />
    }
  `,
  styles: `
    :host {
      display: block;
      position: relative;
    }
    .bar {
      display: flex;
      justify-content: flex-end;
      margin: -4px 0 4px;
    }
    pre {
      max-height: 480px;
      margin: 0;
      padding: 12px;
      overflow: auto;
      border-radius: 6px;
      background: var(--mat-sys-surface-container-low);
    }
  `,
})
export class JsonTree {
  private readonly clipboard = inject(Clipboard);

  readonly value = input.required<unknown>();
  readonly label = input('Data');
  readonly emptyText = input('Nothing.');
  protected readonly raw = signal(false);
  protected readonly copied = signal(false);
  protected readonly json = computed(() => JSON.stringify(this.value() ?? null, null, 2));
  protected readonly empty = computed(() => {
    const value = this.value();
    return !(isObject(value) || Array.isArray(value)) || Object.keys(value).length === 0;
  });

  protected copy(): void {
    this.copied.set(this.clipboard.copy(this.json()));
    setTimeout(() => this.copied.set(false), COPIED_MS);
  }
}
