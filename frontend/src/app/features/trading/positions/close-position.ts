import { inject, Service } from '@angular/core';
import { MatDialog } from '@angular/material/dialog';
import { MatSnackBar } from '@angular/material/snack-bar';
import { unwrap } from '@core/http/unwrap';
import { RowAttempt } from '@core/page/row-attempt';
import { proceedsOf } from '@core/trading/position-value';
import { closePosition, type PositionOut } from '@core/api';
import { confirm, type Confirmation } from '@shared/confirm-dialog';
import { formatAmount, formatPrice, formatQuantity } from '@shared/format/numbers';
import { MODE_LABELS, type TradingMode } from '@shared/mode';

const SHOWN_MS = 8_000;

/** Closes one position, once that was confirmed. */
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
    if (!(await confirm(this.dialogs, confirmationOf(position, price)))) return;
    const act = async () => {
      const { waits } = await unwrap(
        closePosition({ path: { position_id: position.id }, body: {} }),
      );
      const why = waits[0] ? `. ${waits[0]}` : '';
      this.messages.open(`Closing ${position.symbol}${why}`, 'OK', { duration: SHOWN_MS });
    };
    const failed = `${position.symbol} was not closed`;
    await this.attempt.make(failed, act, `close ${position.id}`);
  }
}

/** What closing a position does, before it is done. */
export function confirmationOf(position: PositionOut, price: string | null): Confirmation {
  const { account_name: account, mode, quantity, side, symbol, status } = position;
  const where = `${MODE_LABELS[mode as TradingMode]} account ${account}`;
  const held = Number(quantity) > 0;
  const title = held ? `Close ${formatQuantity(quantity)} ${symbol}?` : `Take back ${symbol}?`;
  if (!held) {
    const text = `${where}: nothing is held yet, and the entry is cancelled.`;
    return { title, text, action: 'Cancel the entry', ...typedWhere(mode, symbol) };
  }
  const verb = side === 'buy' ? 'Sells' : 'Buys back';
  const parts = [
    `${where}. ${verb} ${formatQuantity(quantity)} ${symbol} at the market, ${valueInWords(position, price)}.`,
    status === 'opening' ? 'What is not filled yet of its entry is cancelled.' : '',
    'Its stop and targets are cancelled.',
  ];
  const text = parts.filter(Boolean).join(' ');
  return { title, text, action: 'Close position', ...typedWhere(mode, symbol) };
}

function valueInWords(position: PositionOut, price: string | null): string {
  const last = price ?? position.last_price;
  const proceeds = proceedsOf(position, price);
  if (proceeds === null) return 'at a price that is not known now';
  const amount = formatAmount(Math.abs(proceeds), position.currency);
  const way = proceeds < 0 ? 'which costs about' : 'which brings about';
  return `${way} ${amount} at the last price of ${formatPrice(last)}`;
}

/** Real money: the symbol has to be typed. */
function typedWhere(mode: string, symbol: string): Partial<Confirmation> {
  return mode === 'live' ? { typedName: symbol } : {};
}
