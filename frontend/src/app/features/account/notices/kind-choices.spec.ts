import { TestBed } from '@angular/core/testing';
import type { ChannelOut, KindPreference } from '@core/api';
import { asked, provideFakeApi, refuse, settled } from '@core/http/testing';
import { KindChoices } from './kind-choices';

const kind = (change: Partial<KindPreference>): KindPreference => ({
  kind: 'order_filled',
  title: 'Order filled',
  explanation: 'An order was filled.',
  in_app: true,
  mail: false,
  always_in_app: false,
  ...change,
});
const ITEMS = [
  kind({}),
  kind({ kind: 'budget_exhausted', title: 'Budget spent', always_in_app: true }),
];
const mail = (state: ChannelOut['state']): ChannelOut => ({
  id: 'mail',
  name: 'Mail',
  state,
  address: null,
  detail: 'KUBER_SMTP_URL is not set.',
});

describe('the choice of what is told where', () => {
  async function show(state: ChannelOut['state'] | null = 'on') {
    TestBed.configureTestingModule({ providers: [provideFakeApi()] });
    const fixture = TestBed.createComponent(KindChoices);
    fixture.componentRef.setInput('mail', state && mail(state));
    fixture.detectChanges();
    (await asked('GET', '/preferences')).flush({ items: ITEMS });
    await settled(fixture);
    const page = fixture.nativeElement as HTMLElement;
    const toggle = (name: string) =>
      page.querySelector<HTMLButtonElement>(`button[role=switch][aria-label="${name}"]`)!;
    return { fixture, page, toggle, settle: () => settled(fixture) };
  }

  it('saves a switch at once and says so', async () => {
    const { page, toggle, settle } = await show();
    toggle('Order filled, by mail').click();
    await settle();
    expect(page.querySelector('[role=status]')?.textContent).toContain('Saving');
    const call = await asked('PUT', '/preferences');
    expect(call.request.body).toEqual({ items: [{ kind: 'order_filled', mail: true }] });
    call.flush({ items: [kind({ mail: true }), ITEMS[1]] });
    await settle();
    expect(page.querySelector('[role=status]')?.textContent).toContain('Saved');
    expect(toggle('Order filled, by mail').getAttribute('aria-checked')).toBe('true');
  });

  it('puts a switch back when it could not be saved, and says why', async () => {
    const { page, toggle, settle } = await show();
    toggle('Order filled, in the app').click();
    await settle();
    expect(toggle('Order filled, in the app').getAttribute('aria-checked')).toBe('false');
    refuse(await asked('PUT', '/preferences'), 'The server is being looked after.');
    await settle();
    expect(toggle('Order filled, in the app').getAttribute('aria-checked')).toBe('true');
    expect(page.querySelector('[role=alert] k-icon')).not.toBeNull();
    expect(page.querySelector('[role=alert]')?.textContent).toContain(
      'Not saved. The server is being looked after.',
    );
  });

  it('saves one after the other, and shows the newest choice meanwhile', async () => {
    const { toggle, settle } = await show();
    toggle('Order filled, by mail').click();
    await settle();
    toggle('Order filled, by mail').click();
    await settle();
    (await asked('PUT', '/preferences')).flush({ items: [kind({ mail: true }), ITEMS[1]] });
    const second = await asked('PUT', '/preferences');
    expect(toggle('Order filled, by mail').getAttribute('aria-checked')).toBe('false');
    expect(second.request.body).toEqual({ items: [{ kind: 'order_filled', mail: false }] });
    second.flush({ items: ITEMS });
    await settle();
    expect(toggle('Order filled, by mail').getAttribute('aria-checked')).toBe('false');
  });

  it('does not let an alarm be switched off in the app, and says why', async () => {
    const { page, toggle } = await show();
    expect(toggle('Budget spent, in the app'), 'no switch that looks off').toBeNull();
    expect(page.querySelector('[data-kind=budget_exhausted] .fixed')?.textContent).toContain(
      'Always',
    );
    expect(toggle('Budget spent, by mail').disabled).toBe(false);
    expect(page.querySelector('[data-kind=budget_exhausted]')?.textContent).toContain(
      'always told in the app',
    );
  });

  it('offers no mail where the installation sends none', async () => {
    const { page, toggle } = await show('not_configured');
    expect(page.querySelectorAll('[role=switch]')).toHaveLength(1);
    expect(toggle('Order filled, in the app').disabled).toBe(false);
    expect(page.querySelector('[data-kind=order_filled] td:last-child')?.textContent).toMatch(
      /–\s*Not set up/,
    );
    expect(page.querySelector('k-notice')?.textContent).toContain('not set up');
    expect(page.textContent).not.toContain('KUBER_SMTP_URL');
  });

  it('lets nothing be chosen of mail until it is known how that stands', async () => {
    const { fixture, page, toggle, settle } = await show(null);
    expect(toggle('Order filled, by mail').disabled).toBe(true);
    expect(page.querySelector('k-notice')).toBeNull();
    fixture.componentRef.setInput('mailUnknown', true);
    await settle();
    expect(page.querySelector('k-notice')?.textContent).toContain('not known yet');
    fixture.componentRef.setInput('mailUnknown', false);
    fixture.componentRef.setInput('mail', mail('on'));
    await settle();
    expect(toggle('Order filled, by mail').disabled).toBe(false);
  });

  it('takes up what another tab chose when it is seen again, and stays as it is without an answer', async () => {
    const { page, toggle, settle } = await show();
    window.dispatchEvent(new Event('focus'));
    (await asked('GET', '/preferences')).flush({ items: [kind({ mail: true }), ITEMS[1]] });
    await settle();
    expect(toggle('Order filled, by mail').getAttribute('aria-checked')).toBe('true');
    document.dispatchEvent(new Event('visibilitychange'));
    refuse(await asked('GET', '/preferences'), 'Not now.');
    await settle();
    expect(toggle('Order filled, by mail').getAttribute('aria-checked')).toBe('true');
    expect(page.querySelector('k-error-state')).toBeNull();
  });
});
