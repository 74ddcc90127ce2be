import { TestBed } from '@angular/core/testing';
import type { MailOut } from '@core/api';
import { asked, provideFakeApi, refuse, settled } from '@core/http/testing';
import { MailDeliveries } from './mail-deliveries';

const mail = (id: string, change: Partial<MailOut> = {}): MailOut => ({
  id,
  channel: 'mail',
  purpose: 'test',
  notice_id: null,
  title: `Test ${id}`,
  state: 'sent',
  attempts: 1,
  error: null,
  created_at: '2026-11-21T12:00:00Z',
  next_attempt_at: null,
  finished_at: null,
  ...change,
});

describe('the last mails', () => {
  async function show(items: MailOut[]) {
    TestBed.configureTestingModule({ providers: [provideFakeApi()] });
    const fixture = TestBed.createComponent(MailDeliveries);
    let reported = 0;
    const codes: (string | undefined)[] = [];
    fixture.componentInstance.codeMail.subscribe((it) => codes.push(it?.state));
    fixture.componentInstance.settled.subscribe(() => (reported += 1));
    fixture.detectChanges();
    (await asked('GET', '/deliveries')).flush({ items, next_cursor: null });
    await settled(fixture);
    const again = async (revision: number, now: MailOut[]) => {
      fixture.componentRef.setInput('revision', revision);
      fixture.detectChanges();
      (await asked('GET', '/deliveries')).flush({ items: now, next_cursor: null });
      await settled(fixture);
    };
    return { page: fixture.nativeElement as HTMLElement, again, codes, reported: () => reported };
  }

  it('tells what became of the newest code', async () => {
    const code = (id: string, state: MailOut['state']) =>
      mail(id, { purpose: 'confirmation', state });
    const { codes, again } = await show([mail('c'), code('b', 'waiting'), code('a', 'failed')]);
    expect(codes.at(-1)).toBe('waiting');
    await again(1, [mail('c'), code('b', 'failed'), code('a', 'failed')]);
    expect(codes.at(-1)).toBe('failed');
  });

  it('says what became of each, and why not', async () => {
    const error = '550 No such mailbox.';
    const { page } = await show([mail('b', { state: 'failed', error }), mail('a')]);
    const [first, second] = [...page.querySelectorAll('li')];
    expect(first?.textContent).toContain('Failed');
    expect(first?.textContent).toContain(error);
    expect(second?.textContent).toContain('Sent');
  });

  it('takes up a new one and what became of one that waited', async () => {
    const { page, again, reported } = await show([mail('a', { state: 'waiting' })]);
    await again(1, [mail('b', { state: 'waiting' }), mail('a')]);
    expect([...page.querySelectorAll('li')].map((li) => li.dataset['state'])).toEqual([
      'waiting',
      'sent',
    ]);
    expect(reported()).toBe(1);
    await again(2, [mail('b', { state: 'waiting' }), mail('a')]);
    expect(reported()).toBe(1);
  });

  it('are read again by the refresh button', async () => {
    const { page } = await show([mail('a')]);
    const press = () => page.querySelector<HTMLButtonElement>('k-refresh-button button')!.click();
    press();
    (await asked('GET', '/deliveries')).flush({ items: [mail('b'), mail('a')], next_cursor: null });
    await vi.waitFor(() => expect(page.querySelectorAll('li')).toHaveLength(2));
  });

  it('stay on show when the refresh button fails, which says so', async () => {
    const { page } = await show([mail('a')]);
    page.querySelector<HTMLButtonElement>('k-refresh-button button')!.click();
    refuse(await asked('GET', '/deliveries'), 'Come back soon.');
    await vi.waitFor(() => expect(page.querySelector('k-error-state')).not.toBeNull());
    expect(page.querySelectorAll('li')).toHaveLength(1);
    expect(page.querySelector('k-refresh-button [role=status]')?.textContent).toBe('');
  });

  it('says that there was none', async () => {
    expect((await show([])).page.textContent).toContain('No mail so far');
  });
});
