import { Component, inject, input, output } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { Icon } from '@shared/icon';
import { Autosave } from '../state/autosave';

/** Says that the pipeline was changed or deleted elsewhere, and offers what can be done about it. */
@Component({
  selector: 'k-stale-bar',
  imports: [Icon, MatButton],
  template: `
    @if (autosave.state() === 'deleted') {
      <div class="conflict" role="alert">
        <k-icon name="delete" [size]="18" />
        <span>
          This pipeline was deleted elsewhere. What you see is not stored any more: save it as a new
          pipeline, or export it.
        </span>
        <button matButton type="button" [disabled]="savingAsNew()" (click)="savedAsNew.emit()">
          Save as a new pipeline
        </button>
      </div>
    } @else if (autosave.state() === 'conflict') {
      <div class="conflict" role="alert">
        <k-icon name="sync_problem" [size]="18" />
        <span>
          This pipeline was changed elsewhere.
          @if (autosave.dirty()) {
            Reload to see that version and drop your latest changes, or keep yours and save them
            over it.
          } @else {
            Reload to see that version, or keep what you see and save it over that.
          }
        </span>
        <button matButton type="button" (click)="autosave.takeTheirs()">Reload</button>
        <button matButton type="button" (click)="autosave.keepMine()">Keep mine</button>
      </div>
    }
  `,
  styles: `
    :host {
      display: block;
    }
    .conflict {
      display: flex;
      align-items: center;
      gap: 12px;
      padding: 4px 16px;
      border-top: 1px solid var(--mat-sys-outline-variant);
      background: color-mix(in oklab, var(--k-warning) 10%, var(--mat-sys-surface));
      font-size: 13px;
    }
    .conflict > k-icon {
      color: var(--k-warning);
    }
    .conflict > span {
      flex: 1;
      min-width: 0;
    }
    @media (max-width: 700px) {
      .conflict {
        flex-wrap: wrap;
      }
      .conflict > span {
        flex-basis: 80%;
      }
    }
  `,
})
export class StaleBar {
  protected readonly autosave = inject(Autosave);

  /** While a new pipeline is made of this one. */
  readonly savingAsNew = input(false);
  readonly savedAsNew = output();
}
