import { Component, computed, inject } from '@angular/core';
import { Icon } from '@shared/icon';
import { Autosave } from '../state/autosave';
import { type SaveState } from '../state/save-state';

interface Look {
  readonly icon: string;
  readonly text: string;
}

const LOOKS: Readonly<Record<Exclude<SaveState, 'refused'>, Look>> = {
  saved: { icon: 'cloud_done', text: 'Saved' },
  pending: { icon: 'cloud_sync', text: 'Saving' },
  saving: { icon: 'cloud_sync', text: 'Saving' },
  offline: { icon: 'cloud_off', text: 'Not saved: offline, retrying' },
  conflict: { icon: 'sync_problem', text: 'Changed elsewhere' },
  deleted: { icon: 'delete', text: 'Deleted elsewhere' },
};

/** Whether everything is stored. */
@Component({
  selector: 'k-save-state',
  imports: [Icon],
  template: `
    <k-icon [name]="look().icon" [size]="18" />
    <span [title]="look().text">{{ look().text }}</span>
  `,
  host: { role: 'status', '[class.bad]': 'bad()', '[attr.data-state]': 'autosave.state()' },
  styles: `
    :host {
      display: inline-flex;
      align-items: center;
      gap: 6px;
      min-width: 0;
      color: var(--mat-sys-on-surface-variant);
      font-size: 13px;
      white-space: nowrap;
    }
    k-icon {
      flex: none;
    }
    span {
      overflow: hidden;
      text-overflow: ellipsis;
    }
    :host(.bad) {
      color: var(--k-failed);
    }
    @media (max-width: 700px) {
      :host(.bad) {
        flex: 1 1 24px;
      }
      :host(:not(.bad)) span {
        position: absolute;
        width: 1px;
        height: 1px;
        overflow: hidden;
        clip-path: inset(50%);
      }
    }
  `,
})
export class SaveStateLabel {
  protected readonly autosave = inject(Autosave);
  protected readonly bad = computed(() =>
    ['offline', 'conflict', 'refused', 'deleted'].includes(this.autosave.state()),
  );
  protected readonly look = computed<Look>(() => {
    const state = this.autosave.state();
    if (state !== 'refused') return LOOKS[state];
    return { icon: 'cloud_off', text: `Not saved: ${this.autosave.reason()}` };
  });
}
