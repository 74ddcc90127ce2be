import { TestBed } from '@angular/core/testing';
import { provideRouter } from '@angular/router';
import type { ChannelOut } from '@core/api';
import { asked, provideFakeApi, refuse, settled } from '@core/http/testing';
import { PageContext } from '@core/page/page-context';
import { NoticePreferencesPage } from './notice-preferences-page';

const mail = (state: ChannelOut['state']): ChannelOut => ({
  id: 'mail',
  name: 'Mail',
  state,
  address: 'ann@example.com',
  detail: 'Said of it.',
});
const KIND = {
  kind: 'order_filled',
  title: 'Order filled',
  explanation: 'An order was filled.',
  in_app: true,
  mail: false,
  always_in_app: false,
};

describe('the preferences of notices', () => {
  async function show() {
    TestBed.configureTestingModule({ providers: [provideFakeApi(), provideRouter([])] });
    const fixture = TestBed.createComponent(NoticePreferencesPage);
    fixture.detectChanges();
    (await asked('GET', '/preferences')).flush({ items: [KIND] });
    (await asked('GET', '/deliveries')).flush({ items: [], next_cursor: null });
    const page = fixture.nativeElement as HTMLElement;
    const byMail = () =>
      page.querySelector<HTMLButtonElement>('[aria-label="Order filled, by mail"]')!;
    return { page, byMail, settle: () => settled(fixture) };
  }

  it('have a title of their own', async () => {
    await show();
    expect(TestBed.inject(PageContext).crumbs().at(-1)?.label).toBe('Notice preferences');
  });

  it('let no mail be chosen while it cannot be found out how that stands', async () => {
    const { page, byMail, settle } = await show();
    refuse(await asked('GET', '/channels'), 'Not now.');
    await settle();
    expect(byMail().disabled).toBe(true);
    expect(page.textContent).toContain('How mail stands is not known yet');
    page.querySelector<HTMLButtonElement>('k-error-state button')!.click();
    (await asked('GET', '/channels')).flush({ items: [mail('on')] });
    await settle();
    expect(byMail().disabled).toBe(false);
  });

  it('follow what was done to mail in another tab', async () => {
    const { page, settle } = await show();
    (await asked('GET', '/channels')).flush({ items: [mail('unconfirmed')] });
    await settle();
    expect(page.textContent).toContain('Not confirmed');
    window.dispatchEvent(new Event('focus'));
    (await asked('GET', '/channels')).flush({ items: [mail('on')] });
    await settle();
    expect(page.textContent).not.toContain('Not confirmed');
  });
});
