import { Component, computed, inject, type Injector, linkedSignal, signal } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { MatButtonToggleModule } from '@angular/material/button-toggle';
import {
  MAT_DIALOG_DATA,
  MatDialog,
  MatDialogModule,
  MatDialogRef,
} from '@angular/material/dialog';
import { RouterLink } from '@angular/router';
import { type CloseAllOut, closeAllPositions, type Mode } from '@core/api';
import { Attempt } from '@core/http/attempt';
import { unwrap } from '@core/http/unwrap';
import { Accounts } from '@core/trading/accounts';
import { OpenPositions } from '@core/trading/open-positions';
import { ErrorState } from '@shared/error-state';
import { formatQuantity } from '@shared/format/numbers';
import { HoldButton } from '@shared/hold-button';
import { Icon } from '@shared/icon';
import { MODE_LABELS, type TradingMode } from '@shared/mode';
import { ModeBadge } from '@shared/mode-badge';
import { modeToClose, positionsInWords, toClose } from './close-all';

/** Closes every position of one mode, once the button was held; then says what became of each. */
@Component({
  selector: 'k-close-all-dialog',
  imports: [
    ErrorState,
    HoldButton,
    Icon,
    MatButton,
    MatButtonToggleModule,
    MatDialogModule,
    ModeBadge,
    RouterLink,
  ],
  templateUrl: './close-all-dialog.html',
  styleUrl: './close-all-dialog.scss',
})
export class CloseAllDialog {
  private readonly onScreen = inject<Mode | null>(MAT_DIALOG_DATA);
  private readonly accounts = inject(Accounts);
  protected readonly dialog = inject<MatDialogRef<CloseAllDialog>>(MatDialogRef);
  protected readonly positions = inject(OpenPositions);
  protected readonly attempt = new Attempt();

  protected readonly mode = linkedSignal<string, string>({
    source: () => modeToClose(this.onScreen, this.positions.items() ?? []),
    computation: (mode, before) => before?.value ?? mode,
  });
  protected readonly modes = computed(() => {
    const held = this.positions.items()?.map(({ mode }) => mode) ?? [];
    return [...new Set([this.mode(), ...held])];
  });
  protected readonly parts = computed(() =>
    toClose(this.positions.items() ?? [], this.accounts.items() ?? [], this.mode()),
  );
  protected readonly count = computed(() =>
    this.parts().reduce((sum, part) => sum + part.count, 0),
  );
  protected readonly asked = signal<CloseAllOut | null>(null);
  /** What was asked for, as it stands now. */
  protected readonly progress = computed(() => {
    const open = new Map(this.positions.items()?.map((one) => [one.id, one]));
    const items = (this.asked()?.closing ?? []).map((one) => {
      const still = open.get(one.id);
      return { ...one, closed: !still, waits: still?.waits ?? [] };
    });
    const left = items.filter(({ closed }) => !closed).length;
    return { items, left };
  });
  protected readonly summary = computed(() => {
    const { items, left } = this.progress();
    const kept = this.asked()?.not_closed.length ?? 0;
    if (!items.length && !kept) return 'There was nothing to close.';
    if (left) return `${items.length - left} of ${items.length} closed, ${left} under way.`;
    return kept
      ? `${positionsInWords(items.length)} closed, ${kept} left as they are.`
      : `${positionsInWords(items.length)} closed.`;
  });

  protected readonly words = positionsInWords;
  protected readonly quantity = formatQuantity;

  protected label(mode: string): string {
    return MODE_LABELS[mode as TradingMode];
  }

  protected modeOf(mode: string): TradingMode {
    return mode as TradingMode;
  }

  protected async close(): Promise<void> {
    await this.attempt.make(async () => {
      const body = { mode: this.mode() as Mode, confirm: true, reason: 'Close all' };
      this.asked.set(await unwrap(closeAllPositions({ body })));
      await this.positions.reload();
    });
  }
}

/** `mode`: of the page on show. */
export function openCloseAll(injector: Injector, mode: Mode | null): void {
  injector.get(MatDialog).open(CloseAllDialog, { data: mode, width: '520px', autoFocus: 'dialog' });
}
