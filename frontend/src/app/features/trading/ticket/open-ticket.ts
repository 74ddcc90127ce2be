import type { Injector } from '@angular/core';
import { MatDialog } from '@angular/material/dialog';
import type { TicketStart } from '@core/trading/order-ticket';
import { firstValueFrom } from 'rxjs';
import { TicketDialog } from './ticket-dialog';

/** Opens the order ticket; resolves once it is closed. */
export async function openTicket(injector: Injector, data: TicketStart): Promise<void> {
  const opened = injector.get(MatDialog).open<TicketDialog, TicketStart>(TicketDialog, {
    data,
    width: '760px',
    maxWidth: '96vw',
    autoFocus: data.symbol ? '.k-input' : 'first-tabbable',
  });
  await firstValueFrom(opened.afterClosed());
}
