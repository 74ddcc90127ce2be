import { Component, computed, input } from '@angular/core';
import { Icon } from './icon';

/** Every state that a run, one of its nodes or a pipeline can be in. */
export type Status =
  | 'pending'
  | 'running'
  | 'waiting'
  | 'succeeded'
  | 'failed'
  | 'skipped'
  | 'cancelled'
  | 'draft'
  | 'active'
  | 'archived';

interface Look {
  readonly label: string;
  readonly icon: string;
  readonly colour: string;
}

export const STATUS_LOOKS: Readonly<Record<Status, Look>> = {
  pending: { label: 'Waiting', icon: 'schedule', colour: 'waiting' },
  running: { label: 'Running', icon: 'progress_activity', colour: 'running' },
  waiting: { label: 'Paused', icon: 'pause_circle', colour: 'paused' },
  succeeded: { label: 'Done', icon: 'check_circle', colour: 'done' },
  failed: { label: 'Failed', icon: 'error', colour: 'failed' },
  skipped: { label: 'Skipped', icon: 'remove_circle_outline', colour: 'skipped' },
  cancelled: { label: 'Cancelled', icon: 'cancel', colour: 'waiting' },
  draft: { label: 'Off', icon: 'power_settings_new', colour: 'waiting' },
  active: { label: 'Active', icon: 'bolt', colour: 'done' },
  archived: { label: 'Archived', icon: 'inventory_2', colour: 'skipped' },
};

/** A state: icon, word and colour together. */
@Component({
  selector: 'k-status-badge',
  imports: [Icon],
  template: `<k-icon [name]="look().icon" [size]="16" [class.spin]="status() === 'running'" />
    <span>{{ look().label }}</span>`,
  host: { '[style.color]': 'colour()', '[class.dashed]': 'status() === "skipped"' },
  styles: `
    :host {
      display: inline-flex;
      align-items: center;
      gap: 6px;
      vertical-align: middle;
      font-size: 13px;
      white-space: nowrap;
    }
    :host(.dashed) span {
      text-decoration: underline dashed;
      text-underline-offset: 3px;
    }
    .spin {
      animation: k-spin 1.2s linear infinite;
    }
    @keyframes k-spin {
      to {
        transform: rotate(360deg);
      }
    }
  `,
})
export class StatusBadge {
  readonly status = input.required<Status>();
  protected readonly look = computed(() => STATUS_LOOKS[this.status()]);
  protected readonly colour = computed(() => `var(--k-${this.look().colour})`);
}
