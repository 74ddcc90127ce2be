import { inject, Service } from '@angular/core';
import { MatDialog } from '@angular/material/dialog';
import { MatSnackBar } from '@angular/material/snack-bar';
import { unwrap } from '@core/http/unwrap';
import { RowAttempt } from '@core/page/row-attempt';
import { closePosition, type PositionOut } from '@core/api';
import { formatQuantity } from '@shared/format/numbers';
import { askHowMuch } from './close-dialog';

const SHOWN_MS = 8_000;

/** Closes one position, or a part of it, once that was confirmed. */
@Service()
export class ClosePosition {
  private readonly dialogs = inject(MatDialog);
  private readonly messages = inject(MatSnackBar);
  private readonly attempt = inject(RowAttempt);

  doing({ id }: Pick<PositionOut, 'id'>): boolean {
    return this.attempt.doing(`close ${id}`);
  }

  /** `price`: the newest one. Resolves once it was asked for, refused, or not confirmed. */
  async ask(position: PositionOut, price: string | null): Promise<void> {
    const quantity = await askHowMuch(this.dialogs, { position, price });
    if (quantity === null) return;
    const part = Number(quantity) < Number(position.quantity);
    const act = async () => {
      const body = part ? { quantity } : {};
      const { waits } = await unwrap(closePosition({ path: { position_id: position.id }, body }));
      const what = part ? `${formatQuantity(quantity)} ${position.symbol}` : position.symbol;
      const why = waits[0] ? `. ${waits[0]}` : '';
      this.messages.open(`Closing ${what}${why}`, 'OK', { duration: SHOWN_MS });
    };
    const failed = `${position.symbol} was not closed`;
    await this.attempt.make(failed, act, `close ${position.id}`);
  }
}
