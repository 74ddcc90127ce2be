import { Component, inject, Injector } from '@angular/core';
import { PageContext } from '@core/page/page-context';
import { OpenPositions } from '@core/trading/open-positions';
import { Icon } from '@shared/icon';

/** The red button: always there, always in the same place. It asks before it does anything. */
@Component({
  selector: 'k-close-all-button',
  imports: [Icon],
  template: `
    <button
      type="button"
      aria-haspopup="dialog"
      aria-label="Close all positions"
      title="Close all positions"
      (click)="open()"
    >
      <k-icon name="dangerous" [size]="18" /><span class="label">Close all</span>
    </button>
  `,
  styles: `
    button {
      display: inline-flex;
      align-items: center;
      gap: 6px;
      height: 32px;
      padding: 0 10px;
      border: 1px solid var(--k-failed);
      border-radius: 6px;
      background: transparent;
      color: var(--k-failed);
      font: inherit;
      font-size: 13px;
      font-weight: 500;
      white-space: nowrap;
      cursor: pointer;
    }
    button:hover {
      background: color-mix(in oklab, var(--k-failed) 8%, transparent);
    }
    @media (max-width: 700px) {
      button {
        width: 40px;
        height: 40px;
        padding: 0;
        justify-content: center;
        border-color: transparent;
      }
      .label {
        display: none;
      }
    }
  `,
})
export class CloseAllButton {
  private readonly injector = inject(Injector);
  private readonly page = inject(PageContext);
  private readonly positions = inject(OpenPositions);

  protected async open(): Promise<void> {
    void this.positions.reload();
    const { openCloseAll } = await import('./close-all-dialog');
    openCloseAll(this.injector, this.page.mode());
  }
}
