import { Component, input } from '@angular/core';
import { Icon } from './icon';

/** Nothing here yet: one sentence, one picture, and the one thing to do (projected). */
@Component({
  selector: 'k-empty-state',
  imports: [Icon],
  template: `
    <span class="tile"><k-icon [name]="icon()" [size]="28" /></span>
    <p class="title">{{ title() }}</p>
    @if (text(); as text) {
      <p class="k-muted text">{{ text }}</p>
    }
    <div class="actions"><ng-content /></div>
  `,
  styles: `
    :host {
      display: flex;
      flex-direction: column;
      align-items: center;
      padding: 56px 24px;
      text-align: center;
    }
    .tile {
      display: grid;
      place-items: center;
      width: 56px;
      height: 56px;
      margin-bottom: 16px;
      border: 1px dashed var(--mat-sys-outline);
      border-radius: 12px;
      color: var(--mat-sys-on-surface-variant);
    }
    .title {
      font-size: 16px;
      font-weight: 500;
      line-height: 24px;
    }
    .text {
      max-width: 52ch;
      margin-top: 4px;
    }
    .actions {
      display: flex;
      flex-wrap: wrap;
      justify-content: center;
      gap: 8px;
      margin-top: 20px;
    }
    .actions:empty {
      display: none;
    }
  `,
})
export class EmptyState {
  readonly icon = input('inbox');
  readonly title = input.required<string>();
  readonly text = input<string>();
}
