import { Component, computed, inject } from '@angular/core';
import { RunEvents } from '@core/socket/run-events';
import { Icon } from '@shared/icon';

const WORDS = {
  reconnecting: {
    label: 'Reconnecting',
    icon: 'sync',
    note: 'Updates come every few seconds until the live connection is back.',
  },
  offline: {
    label: 'Offline',
    icon: 'cloud_off',
    note: 'Kuber does not answer. Pages go on by themselves once it does.',
  },
} as const;

/** Says when updates do not arrive as they happen; nothing while they do. */
@Component({
  selector: 'k-connection-dot',
  imports: [Icon],
  template: `
    @if (words(); as words) {
      <span class="state" [class]="events.connection()" [title]="words.note">
        <k-icon [name]="words.icon" [size]="16" /><span class="word">{{ words.label }}</span>
      </span>
    }
  `,
  host: { role: 'status' },
  styles: `
    :host {
      display: inline-flex;
    }
    .state {
      display: inline-flex;
      align-items: center;
      gap: 6px;
      color: var(--k-warning);
      font-size: 12px;
      font-weight: 500;
      line-height: 16px;
      white-space: nowrap;
    }
    .offline {
      color: var(--k-failed);
    }
    @media (max-width: 700px) {
      .word {
        position: absolute;
        width: 1px;
        height: 1px;
        overflow: hidden;
        clip-path: inset(50%);
      }
    }
  `,
})
export class ConnectionDot {
  protected readonly events = inject(RunEvents);
  protected readonly words = computed(() => {
    const state = this.events.connection();
    return state === 'connected' ? null : WORDS[state];
  });
}
