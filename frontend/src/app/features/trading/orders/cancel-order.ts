import { inject, Service } from '@angular/core';
import { MatDialog } from '@angular/material/dialog';
import { unwrap } from '@core/http/unwrap';
import { RowAttempt } from '@core/page/row-attempt';
import { intentInWords, isOpen, roleOf, termsInWords } from '@core/trading/order-words';
import { cancelOrder, type OrderOut } from '@core/api';
import { confirm } from '@shared/confirm-dialog';

/** Cancels one order, once that was confirmed. */
@Service()
export class CancelOrder {
  private readonly dialogs = inject(MatDialog);
  private readonly attempt = inject(RowAttempt);

  doing({ id }: Pick<OrderOut, 'id'>): boolean {
    return this.attempt.doing(`cancel ${id}`);
  }

  /** Whether cancelling it is offered: what protects a position goes with the position alone. */
  offered(order: OrderOut): boolean {
    return isOpen(order) && roleOf(order) !== 'stop' && order.status !== 'intended';
  }

  /** Resolves once it was cancelled, refused, or not confirmed. */
  async ask(order: OrderOut): Promise<void> {
    const what = `${intentInWords(order)} ${order.symbol}`;
    const filled = Number(order.filled_quantity) > 0;
    const sure = await confirm(this.dialogs, {
      title: `Cancel ${what}?`,
      text: `${termsInWords(order)}. ${
        filled ? 'What is filled stays; the rest is taken back.' : 'Nothing of it is filled.'
      }`,
      action: 'Cancel order',
    });
    if (!sure) return;
    const act = () => unwrap(cancelOrder({ path: { order_id: order.id } }));
    await this.attempt.make(`${what} was not cancelled`, act, `cancel ${order.id}`);
  }
}
