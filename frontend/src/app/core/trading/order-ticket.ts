import { InjectionToken } from '@angular/core';
import type { Side } from '@core/api';

/** What an order ticket begins with. */
export interface TicketStart {
  readonly symbol?: string;
  readonly side?: Side;
  readonly accountId?: string;
}

/** Opens the order ticket; resolves once it is closed. */
export type OpenTicket = (start: TicketStart) => Promise<void>;

/** The ticket is large: it is loaded when it is asked for. */
export const ORDER_TICKET = new InjectionToken<OpenTicket>('order ticket');
