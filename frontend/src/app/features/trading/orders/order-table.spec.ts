import { TestBed } from '@angular/core/testing';
import { provideRouter } from '@angular/router';
import type { OrderOut } from '@core/api';
import { asked, provideFakeApi, refuse, settled } from '@core/http/testing';
import { RowAttempt } from '@core/page/row-attempt';
import { Accounts } from '@core/trading/accounts';
import { account, order } from '@core/trading/testing';
import { OrderTable } from './order-table';

describe('an order in the list', () => {
  async function row(change: Partial<OrderOut> = {}) {
    TestBed.configureTestingModule({
      providers: [
        ...provideFakeApi(),
        provideRouter([]),
        { provide: Accounts, useValue: { find: () => account() } },
      ],
    });
    const fixture = TestBed.createComponent(OrderTable);
    fixture.componentRef.setInput('items', [order(change)]);
    await settled(fixture);
    const page = fixture.nativeElement as HTMLElement;
    const text = () => page.textContent.replaceAll(/\s+/g, ' ');
    return { page, text, settle: () => settled(fixture) };
  }

  it('leads to its symbol and names the deleted pipeline it came from', async () => {
    const { page, text } = await row({ pipeline_name: 'Swing', pipeline_deleted: true });
    expect(page.querySelector('a')?.getAttribute('href')).toBe('/symbols/AAPL');
    expect(text()).toContain('Swing deleted');
  });

  it('says why it waits', async () => {
    const waits = 'NYSE opens Mon 14:30 UTC.';
    const { text } = await row({ status: 'working', filled_quantity: '0', fills: [], waits });
    expect(text()).toContain(waits);
    expect(text()).toContain('Working');
  });

  it('opens to its fills with commission', async () => {
    const { page, text, settle } = await row();
    page.querySelector<HTMLButtonElement>('k-row-toggle button')!.click();
    await settle();
    expect(text()).toContain('Commission');
    expect(text()).toContain('$0.21');
  });

  it('can be cancelled while it is open, unless it protects a position', async () => {
    const cancel = (page: HTMLElement) => page.querySelector('[aria-label^="Cancel"]');
    expect(cancel((await row({ status: 'working' })).page)).not.toBeNull();
    TestBed.resetTestingModule();
    expect(cancel((await row({ status: 'working', leg: 'stop_1' })).page)).toBeNull();
    TestBed.resetTestingModule();
    expect(cancel((await row()).page)).toBeNull();
  });

  it('is cancelled after a question, and says when that was refused', async () => {
    const { page, settle } = await row({ status: 'working', filled_quantity: '0', fills: [] });
    const told = vi.spyOn(TestBed.inject(RowAttempt), 'tell').mockReturnValue();
    page.querySelector<HTMLButtonElement>('[aria-label="Cancel Buy 42 AAPL"]')!.click();
    await settle();
    document.querySelector<HTMLButtonElement>('k-confirm-dialog .k-danger')!.click();
    refuse(await asked('DELETE', '/orders/o-1'), 'It has ended.');
    await settle();
    expect(told).toHaveBeenCalledWith(
      'Buy 42 AAPL was not cancelled',
      expect.anything(),
      expect.anything(),
    );
  });
});
