import { Component, computed, inject } from '@angular/core';
import { RunEvents } from '@core/socket/run-events';

const WORDS = {
  connecting: { label: 'Connecting', note: 'Opening the live connection.' },
  live: { label: 'Live', note: 'Updates arrive as they happen.' },
  polling: { label: 'Polling', note: 'The live connection is down; asking every 5 seconds.' },
  offline: { label: 'Offline', note: 'No connection to the server. Trying again.' },
} as const;

/** Whether updates arrive: dot, word, and the reason on hover. */
@Component({
  selector: 'k-connection-dot',
  template: `<span class="dot"></span><span class="word">{{ words().label }}</span>`,
  host: {
    role: 'status',
    '[class]': 'events.connection()',
    '[title]': 'words().note',
    '[attr.aria-label]': '"Connection: " + words().label',
  },
  styles: `
    :host {
      display: inline-flex;
      align-items: center;
      gap: 6px;
      color: var(--mat-sys-on-surface-variant);
      font-size: 12px;
    }
    .dot {
      width: 8px;
      height: 8px;
      border-radius: 50%;
      background: var(--k-done);
    }
    :host(.connecting) .dot {
      background: var(--k-waiting);
    }
    :host(.polling) .dot {
      background: var(--k-warning);
    }
    :host(.offline) .dot {
      border: 2px solid var(--k-failed);
      background: transparent;
    }
    @media (max-width: 1100px) {
      .word {
        display: none;
      }
    }
  `,
})
export class ConnectionDot {
  protected readonly events = inject(RunEvents);
  protected readonly words = computed(() => WORDS[this.events.connection()]);
}
