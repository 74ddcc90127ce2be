import { computed, DestroyRef, inject, Injectable, signal } from '@angular/core';
import { type ProblemError, toProblemError } from '@core/http/problem-error';
import { unwrap } from '@core/http/unwrap';
import type { AccountNews } from '@core/socket/account-news';
import { Accounts } from '@core/trading/accounts';
import { withItem } from '@core/trading/merge-news';
import { getPosition, type OrderOut, type PositionDetail, type PositionOut } from '@core/api';

/** One position with its orders, kept up to date by what is pushed. A page provides its own. */
@Injectable()
export class PositionStore {
  private readonly known = signal<PositionDetail | null>(null);
  private readonly failure = signal<ProblemError | null>(null);
  private id: string | null = null;

  readonly position = this.known.asReadonly();
  readonly orders = computed(() => this.known()?.orders ?? []);
  readonly error = this.failure.asReadonly();

  constructor() {
    const stop = inject(Accounts).hear((news) => this.heard(news));
    inject(DestroyRef).onDestroy(stop);
  }

  async load(id: string): Promise<void> {
    if (id !== this.id) this.known.set(null);
    this.id = id;
    try {
      const found = await unwrap(getPosition({ path: { position_id: id } }));
      if (id !== this.id) return;
      this.known.set(found);
      this.failure.set(null);
    } catch (error) {
      if (id === this.id) this.failure.set(toProblemError(error));
    }
  }

  reload(): void {
    if (this.id) void this.load(this.id);
  }

  private heard(news: AccountNews): void {
    switch (news.type) {
      case 'position_opened':
      case 'position_changed':
      case 'position_closed':
        if (news.data.id === this.id) this.take(news.data);
        return;
      case 'order_updated': {
        const order = news.data;
        if (order.position_id === this.id) this.takeOrder(order);
        return;
      }
      case 'look_again':
        this.reload();
    }
  }

  private take(position: PositionOut): void {
    this.known.update((before) => before && { ...before, ...position });
  }

  private takeOrder(order: OrderOut): void {
    this.known.update(
      (before) => before && { ...before, orders: withItem(before.orders, order, () => true) },
    );
  }
}
