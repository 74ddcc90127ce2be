import { signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { MAT_DIALOG_DATA, MatDialogRef } from '@angular/material/dialog';
import { provideRouter } from '@angular/router';
import type { PositionOut } from '@core/api';
import { asked, nothingAsked, provideFakeApi, refuse, settled } from '@core/http/testing';
import { LiveQuotes } from '@core/market/live-quotes';
import type { AccountNewsHandler } from '@core/socket/account-news';
import { Accounts } from '@core/trading/accounts';
import { OpenPositions } from '@core/trading/open-positions';
import { account, order, position } from '@core/trading/testing';
import { SYMBOL_SEARCH } from '@shared/symbol-picker/symbol-search';
import { TicketDialog } from './ticket-dialog';

const QUOTE = {
  symbol: 'AAPL',
  price: '150.50',
  bid: '150.45',
  ask: '150.55',
  source: 'simulated',
  simulated: true,
  quoted_at: '2026-11-30T15:00:00Z',
  stale: false,
};

describe('the order ticket', () => {
  let hear: AccountNewsHandler;

  async function open(held: PositionOut[] = []) {
    const accounts = {
      open: () => [account()],
      find: () => null,
      hear: (handler: AccountNewsHandler) => {
        hear = handler;
        return () => undefined;
      },
    };
    TestBed.configureTestingModule({
      providers: [
        ...provideFakeApi(),
        provideRouter([]),
        { provide: MAT_DIALOG_DATA, useValue: { symbol: 'AAPL' } },
        { provide: MatDialogRef, useValue: { close: () => undefined } },
        { provide: Accounts, useValue: accounts },
        { provide: OpenPositions, useValue: { items: signal(held) } },
        { provide: LiveQuotes, useValue: { newest: () => QUOTE, followAll: () => undefined } },
        { provide: SYMBOL_SEARCH, useValue: () => Promise.resolve([]) },
      ],
    });
    const fixture = TestBed.createComponent(TicketDialog);
    fixture.detectChanges();
    (await asked('GET', '/market/quotes')).flush({ items: [QUOTE] });
    await settled(fixture);
    const page = fixture.nativeElement as HTMLElement;
    const settle = () => settled(fixture);
    const text = () => page.textContent.replaceAll(/\s+/g, ' ');
    const press = async (name: string) => {
      [...page.querySelectorAll('button')].find((one) => one.textContent.trim() === name)!.click();
      await settle();
    };
    const type = async (label: string, value: string) => {
      const of = [...page.querySelectorAll('label')].find((one) =>
        one.textContent.trim().startsWith(label),
      )!;
      const box = page.querySelector<HTMLInputElement>(`#${of.htmlFor}`)!;
      box.value = value;
      box.dispatchEvent(new Event('input'));
      await settle();
    };
    return { page, press, settle, text, type };
  }

  async function reviewed() {
    const ticket = await open();
    await ticket.type('Quantity', '42');
    await ticket.type('Stop loss', '148');
    await ticket.press('Review');
    return ticket;
  }

  it('explains what is missing and sends nothing', async () => {
    const { press, text } = await open();
    await press('Review');
    expect(text()).toContain('Enter a number above 0.');
    expect(text()).toContain('Enter where the position is closed with a loss.');
    nothingAsked();
  });

  it('shows cost and risk, then the whole order before it is sent', async () => {
    const { text } = await reviewed();
    expect(text()).toContain('Buy 42 AAPL at the market');
    expect(text()).toContain('$6,323.10');
    expect(text()).toContain('$107.10, 0.1% of equity');
    nothingAsked();
  });

  it('sends it once, and follows what becomes of it', async () => {
    const { press, settle, text } = await reviewed();
    await press('Send order');
    const call = await asked('POST', '/orders');
    expect(call.request.body).toMatchObject({ symbol: 'AAPL', quantity: '42', stop_loss: '148' });
    expect(call.request.headers.get('Idempotency-Key')).toBe(call.request.body.client_order_id);
    call.flush(order({ status: 'submitted', filled_quantity: '0', fills: [] }));
    await settle();
    expect(text()).toContain('Nothing is filled yet.');
    hear({ type: 'order_updated', at: '', account_id: 'a-1', data: order() });
    await settle();
    expect(text()).toContain('42 filled at 150.50.');
  });

  it('shows what the venue refuses at its field', async () => {
    const { page, press, settle, text } = await reviewed();
    await press('Send order');
    const errors = [{ field: 'stop_loss', message: 'The stop is too near.', remedy: null }];
    refuse(await asked('POST', '/orders'), 'The stop is too near.', errors);
    await settle();
    expect(text()).toContain('New order');
    const wrong = page.querySelector('input[aria-invalid="true"]')!;
    expect(page.querySelector(`#${wrong.getAttribute('aria-describedby')}`)?.textContent).toContain(
      'The stop is too near.',
    );
  });

  it('tries again with the same key while the order is the same', async () => {
    const { press, settle } = await reviewed();
    await press('Send order');
    const first = await asked('POST', '/orders');
    first.error(new ProgressEvent('error'));
    await settle();
    await press('Send order');
    const second = await asked('POST', '/orders');
    expect(second.request.body).toEqual(first.request.body);
  });

  it('asks for no stop to close a position by hand', async () => {
    const { text } = await open([position({ side: 'sell' })]);
    expect(text()).toContain('This order closes that');
    expect(text()).not.toContain('Stop loss');
  });
});
