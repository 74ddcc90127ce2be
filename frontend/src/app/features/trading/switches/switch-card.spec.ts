import { TestBed } from '@angular/core/testing';
import type { SwitchOut } from '@core/api';
import { asked, nothingAsked, provideFakeApi, refuse, settled } from '@core/http/testing';
import { SwitchCard } from './switch-card';

const OFF: SwitchOut = {
  scope: 'user',
  name: null,
  state: 'off',
  reason: '',
  set_by: null,
  set_at: null,
  report: null,
};

describe('a switch', () => {
  async function show(of: SwitchOut, settable = true) {
    TestBed.configureTestingModule({ providers: provideFakeApi() });
    const fixture = TestBed.createComponent(SwitchCard);
    fixture.componentRef.setInput('of', of);
    fixture.componentRef.setInput('settable', settable);
    await settled(fixture);
    const page = fixture.nativeElement as HTMLElement;
    const settle = () => settled(fixture);
    const press = async (name: string) => {
      [...page.querySelectorAll('button')].find((one) => one.textContent.trim() === name)!.click();
      await settle();
    };
    return { page, press, settle };
  }

  it('is set only with a reason', async () => {
    const { page, press, settle } = await show(OFF);
    await press('Halted');
    await press('Set halted');
    nothingAsked();
    const box = page.querySelector('input')!;
    box.value = 'Prices look wrong';
    box.dispatchEvent(new Event('input'));
    await settle();
    await press('Set halted');
    const call = await asked('PUT', '/kill-switches/user');
    expect(call.request.body).toEqual({ state: 'halted', reason: 'Prices look wrong' });
    refuse(call, 'The database cannot be reached.');
    await settle();
    expect(page.querySelector('k-error-state')?.textContent).toContain('cannot be reached');
    expect(page.querySelector('input')?.value).toBe('Prices look wrong');
  });

  it('says who set it and why, and what a flattening left', async () => {
    const text = 'NYSE opens Mon 14:30 UTC.';
    const item = {
      position_id: 'p-1',
      account_id: 'a-1',
      mode: 'simulation',
      symbol: 'AAPL',
      quantity: '42',
      outcome: 'waits',
      price: null,
      text,
    } as const;
    const report = {
      asked_at: '2026-11-30T15:00:00Z',
      status: 'working',
      text: '1 position is not closed yet.',
      closed: 0,
      not_closed: 1,
      items: [item],
    } as const;
    const set_at = '2026-11-30T15:00:00Z';
    const on = { ...OFF, state: 'halted', reason: 'Wrong prices', set_by: 'you', set_at } as const;
    const { page } = await show({ ...on, report: { ...report, items: [item] } });
    expect(page.textContent).toContain('“Wrong prices”');
    expect(page.textContent).toContain(text);
  });

  it('of the installation is shown to all, and set by administrators', async () => {
    const { page } = await show({ ...OFF, scope: 'platform' }, false);
    expect(page.textContent).toContain('All of this installation');
    expect(page.querySelector('form')).toBeNull();
  });
});
