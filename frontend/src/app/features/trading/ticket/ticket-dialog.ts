import {
  Component,
  computed,
  DestroyRef,
  inject,
  linkedSignal,
  resource,
  signal,
} from '@angular/core';
import { MatButton } from '@angular/material/button';
import { MatButtonToggleModule } from '@angular/material/button-toggle';
import { MAT_DIALOG_DATA, MatDialogModule, MatDialogRef } from '@angular/material/dialog';
import { RouterLink } from '@angular/router';
import { listQuotes, type OrderOut, placeOrder } from '@core/api';
import { Attempt } from '@core/http/attempt';
import { unwrap } from '@core/http/unwrap';
import { LiveQuotes } from '@core/market/live-quotes';
import { Accounts } from '@core/trading/accounts';
import { isOpen, lookOf, whyOf } from '@core/trading/order-words';
import { OpenPositions } from '@core/trading/open-positions';
import type { TicketStart } from '@core/trading/order-ticket';
import { ErrorState } from '@shared/error-state';
import { AmountPipe, PercentPipe, PricePipe, QuantityPipe } from '@shared/format/format-pipes';
import { formatAmount, formatPrice, formatQuantity } from '@shared/format/numbers';
import { ModeBadge } from '@shared/mode-badge';
import { MODE_LABELS, type TradingMode } from '@shared/mode';
import { Notice } from '@shared/notice';
import { PriceAge } from '@shared/price-age';
import { SymbolPicker } from '@shared/symbol-picker/symbol-picker';
import { Time } from '@shared/time';
import { OrderState } from '../orders/order-state';
import {
  estimateOf,
  faultsOf,
  hasLimit,
  hasStop,
  orderOf,
  refusedFields,
  type TicketDraft,
  type TicketField,
  TYPES,
} from './ticket-draft';
import { TicketReview } from './ticket-review';
import { TicketText } from './ticket-text';

/** Places an order by hand: fill in, review, and see what becomes of it. */
@Component({
  selector: 'k-ticket-dialog',
  imports: [
    PriceAge,
    AmountPipe,
    ErrorState,
    MatButton,
    MatButtonToggleModule,
    MatDialogModule,
    ModeBadge,
    Notice,
    OrderState,
    PercentPipe,
    PricePipe,
    QuantityPipe,
    RouterLink,
    SymbolPicker,
    TicketReview,
    TicketText,
    Time,
  ],
  templateUrl: './ticket-dialog.html',
  styleUrl: './ticket-dialog.scss',
})
export class TicketDialog {
  private readonly start = inject<TicketStart>(MAT_DIALOG_DATA);
  protected readonly dialog = inject<MatDialogRef<TicketDialog>>(MatDialogRef);
  protected readonly accounts = inject(Accounts);
  private readonly positions = inject(OpenPositions);
  private readonly quotes = inject(LiveQuotes);
  private readonly attempt = new Attempt();
  /** The same for every try at one order, so that it is placed once. */
  private clientId = crypto.randomUUID();

  protected readonly types = TYPES;
  protected readonly hasLimit = hasLimit;
  protected readonly hasStop = hasStop;
  protected readonly busy = this.attempt.busy;
  protected readonly problem = this.attempt.problem;
  protected readonly step = signal<'fill' | 'review' | 'result'>('fill');
  protected readonly order = signal<OrderOut | null>(null);
  /** The position that is being closed, where no order was told yet. */
  protected readonly closing = signal<string | null>(null);
  /** Whether faults of fields that were not touched are shown. */
  private readonly tried = signal(false);
  private readonly touched = signal<ReadonlySet<TicketField>>(new Set());

  private readonly typed = signal<Omit<TicketDraft, 'accountId'>>({
    symbol: this.start.symbol ?? '',
    side: this.start.side ?? 'buy',
    type: 'market',
    sizing: 'quantity',
    size: '',
    limit: '',
    stop: '',
    inForce: '',
    stopLoss: '',
    target1: '',
    target2: '',
  });
  private readonly chosenAccount = signal(this.start.accountId ?? null);
  protected readonly account = computed(
    () => this.accounts.find(this.chosenAccount()) ?? this.accounts.open().at(-1) ?? null,
  );
  protected readonly draft = computed<TicketDraft>(() => ({
    ...this.typed(),
    accountId: this.account()?.id ?? '',
  }));
  private readonly read = resource({
    params: () => this.draft().symbol || undefined,
    loader: async ({ params: symbols }) =>
      (await unwrap(listQuotes({ query: { symbols } }))).items[0] ?? null,
  });
  protected readonly quote = computed(() => {
    const symbol = this.draft().symbol;
    const pushed = symbol ? this.quotes.newest(symbol) : null;
    return pushed ?? (this.read.hasValue() ? this.read.value() : null);
  });
  protected readonly unquoted = computed(() => this.read.hasValue() && !this.quote());
  protected readonly estimate = computed(() =>
    estimateOf(this.draft(), this.quote(), this.account()?.equity ?? null),
  );
  /** What the server refused; gone with the next change. */
  protected readonly refused = linkedSignal(() => {
    const errors = this.problem()?.errors ?? [];
    return refusedFields(errors);
  });
  /** The position by hand that the order closes; null when it opens one. */
  protected readonly closes = computed(() => {
    const { accountId, side, symbol } = this.draft();
    const held = this.positions
      .items()
      ?.find(
        (one) =>
          one.account_id === accountId &&
          one.symbol === symbol &&
          one.pipeline_id === null &&
          one.side !== side &&
          Number(one.quantity) > 0,
      );
    return held ?? null;
  });
  protected readonly faults = computed(() =>
    faultsOf(this.draft(), this.quote(), this.closes() !== null),
  );
  protected readonly overPower = computed(() => {
    const [cost, account] = [this.estimate().cost, this.account()];
    return cost !== null && account !== null && cost > Number(account.buying_power);
  });
  protected readonly sentence = computed(() => {
    const { side, symbol, type } = this.draft();
    const { price, quantity } = this.estimate();
    const verb = side === 'buy' ? 'Buy' : this.closes() ? 'Sell' : 'Sell short';
    const at = type === 'market' ? 'at the market' : `at ${formatPrice(price)}`;
    return `${verb} ${formatQuantity(round(quantity))} ${symbol} ${at}`;
  });

  constructor() {
    this.quotes.followAll(
      computed(() => {
        const symbol = this.draft().symbol;
        return symbol ? [symbol] : [];
      }),
    );
    const stop = this.accounts.hear((news) => {
      if (news.type === 'order_updated' && news.data.id === this.order()?.id)
        this.order.set(news.data);
    });
    inject(DestroyRef).onDestroy(stop);
  }

  protected set(change: Partial<Omit<TicketDraft, 'accountId'>>): void {
    this.typed.update((before) => ({ ...before, ...change }));
    const fields = Object.keys(change) as TicketField[];
    this.refused.update((before) => {
      const rest = { ...before };
      for (const field of fields) delete rest[field];
      return rest;
    });
  }

  protected touch(field: TicketField): void {
    this.touched.update((before) => new Set(before).add(field));
  }

  protected chooseAccount(id: string): void {
    this.chosenAccount.set(id);
  }

  /** What is wrong with a field, once somebody has been there. */
  protected faultOf(field: TicketField): string | null {
    const refused = this.refused()[field];
    if (refused) return refused;
    const shown = this.tried() || this.touched().has(field);
    return shown ? (this.faults()[field] ?? null) : null;
  }

  protected review(): void {
    this.tried.set(true);
    this.attempt.forget();
    if (this.account() && !Object.keys(this.faults()).length) this.step.set('review');
  }

  protected async send(): Promise<void> {
    const body = orderOf(this.draft(), this.clientId);
    const headers = { 'Idempotency-Key': this.clientId };
    const sent = await this.attempt.make(async () => {
      const answer = await unwrap(placeOrder({ body, headers }));
      if ('id' in answer) this.order.set(answer);
      else this.closing.set(answer.position_id);
    });
    if (sent) this.step.set('result');
    else if (Object.keys(this.refused()).length) this.correct();
  }

  /** Goes back to the fields: what is sent then is another order. */
  protected correct(): void {
    this.clientId = crypto.randomUUID();
    this.step.set('fill');
  }

  protected another(): void {
    this.order.set(null);
    this.closing.set(null);
    this.tried.set(false);
    this.touched.set(new Set());
    this.set({ size: '', stopLoss: '', target1: '', target2: '', limit: '', stop: '' });
    this.correct();
  }

  protected wordsOf(order: OrderOut): string {
    const { average_fill_price: price, filled_quantity: filled } = order;
    if (Number(filled) > 0) return `${formatQuantity(filled)} filled at ${formatPrice(price)}.`;
    return whyOf(order) ?? (isOpen(order) ? 'Nothing is filled yet.' : lookOf(order).label);
  }

  protected readonly modeOf = (mode: string): TradingMode => mode as TradingMode;
  protected readonly modeName = (mode: string): string => MODE_LABELS[mode as TradingMode];
  protected readonly amount = formatAmount;
}

/** Quantities by money have no end of digits. */
function round(quantity: number | null): number | null {
  return quantity === null ? null : Math.floor(quantity * 1e6) / 1e6;
}
