import { signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { MatSnackBar } from '@angular/material/snack-bar';
import { provideRouter, Router } from '@angular/router';
import type { NoticeOut } from '@core/api';
import { asked, provideFakeApi, refuse, settled } from '@core/http/testing';
import { Notices } from '@core/notices/notices';
import { noticeOf } from '@core/notices/testing';
import { Subject } from 'rxjs';
import { NoticeBell } from './notice-bell';

const LATER = '2026-11-21T12:05:00Z';

class FakeNotices {
  readonly unread = signal<number | null>(null);
  readonly news = signal<NoticeOut | null>(null);
  readonly changed = signal<object | null>(null);
  readonly marked: string[] = [];
  markedAll: readonly NoticeOut[] = [];
  fails = false;

  watch(): void {
    this.unread.set(0);
  }

  mark(id: string): Promise<void> {
    this.marked.push(id);
    return Promise.resolve();
  }

  markAll(shown: readonly NoticeOut[]): Promise<void> {
    this.markedAll = shown;
    return this.fails ? Promise.reject(new Error('Not just now.')) : Promise.resolve();
  }
}

class FakeMessages {
  readonly said: string[] = [];
  readonly pressed = new Subject<void>();

  open(text: string, action: string) {
    this.said.push(`${text} [${action}]`);
    return { onAction: () => this.pressed };
  }
}

describe('the bell', () => {
  let notices: FakeNotices;
  let messages: FakeMessages;

  async function show() {
    notices = new FakeNotices();
    messages = new FakeMessages();
    TestBed.configureTestingModule({
      providers: [
        provideFakeApi(),
        provideRouter([{ path: '**', children: [] }]),
        { provide: Notices, useValue: notices },
        { provide: MatSnackBar, useValue: messages },
      ],
    });
    const fixture = TestBed.createComponent(NoticeBell);
    await settled(fixture);
    const page = fixture.nativeElement as HTMLElement;
    const bell = page.querySelector<HTMLButtonElement>('button')!;
    const settle = () => settled(fixture);
    return { page, bell, settle };
  }

  const panel = () => document.querySelector<HTMLElement>('k-notice-panel');

  it('says how many are unread, 99 at most on its badge', async () => {
    const { page, bell, settle } = await show();
    expect(bell.getAttribute('aria-label')).toBe('Notices');
    expect(page.querySelector('.badge')).toBeNull();
    notices.unread.set(3);
    await settle();
    expect(bell.getAttribute('aria-label')).toBe('Notices, 3 unread');
    expect(page.querySelector('.badge')?.textContent).toBe('3');
    notices.unread.set(120);
    await settle();
    expect(page.querySelector('.badge')?.textContent).toBe('99+');
    expect(bell.getAttribute('aria-label')).toBe('Notices, 120 unread');
  });

  it('says the title of what is new', async () => {
    const { page, settle } = await show();
    notices.news.set(noticeOf({ id: 'a' }));
    await settle();
    expect(page.querySelector('[role=status]')?.textContent).toContain('Bought 42 AAPL');
    expect(messages.said).toEqual([]);
  });

  it('shows an alarm over the page and leads to it', async () => {
    const { settle } = await show();
    const alarm = noticeOf({
      id: 'a',
      alarm: true,
      title: 'Swing was switched off',
      path: '/runs',
    });
    notices.news.set(alarm);
    await settle();
    expect(messages.said).toEqual(['Alarm: Swing was switched off [Open]']);
    messages.pressed.next();
    await settle();
    expect(notices.marked).toEqual(['a']);
    expect(TestBed.inject(Router).url).toBe('/runs');
  });

  it('opens the newest, marks what is followed, and closes', async () => {
    const { bell, settle } = await show();
    notices.unread.set(1);
    bell.click();
    await settle();
    const items = [
      noticeOf({ id: 'b', at: LATER, alarm: true }),
      noticeOf({ id: 'a', read_at: LATER, count: 3 }),
    ];
    const call = await asked('GET', '/notifications');
    expect(call.request.urlWithParams).toContain('limit=8');
    call.flush({ items, next_cursor: null, unread: 1 });
    await vi.waitFor(() => expect(panel()?.querySelectorAll('li')).toHaveLength(2));
    const [first, second] = [...panel()!.querySelectorAll('li')];
    expect(first?.textContent).toContain('Unread');
    expect(first?.textContent).toContain('Alarm');
    expect(second?.textContent).not.toContain('Unread');
    expect(second?.textContent).toContain('3 in all');
    first?.querySelector('a')?.click();
    await settle();
    expect(notices.marked).toEqual(['b']);
    await vi.waitFor(() => expect(panel()).toBeNull());
    expect(TestBed.inject(Router).url).toBe('/runs/run-1');
  });

  it('marks as read up to the newest on show', async () => {
    const { bell, settle } = await show();
    notices.unread.set(1);
    bell.click();
    await settle();
    const items = [noticeOf({ id: 'b', at: LATER }), noticeOf({ id: 'a' })];
    (await asked('GET', '/notifications')).flush({ items, next_cursor: null, unread: 2 });
    await vi.waitFor(() => expect(panel()?.querySelectorAll('li')).toHaveLength(2));
    panel()!.querySelector<HTMLButtonElement>('.head button')!.click();
    expect(notices.markedAll.map(({ id }) => id)).toEqual(['b', 'a']);
    expect(document.activeElement).toBe(panel()!.querySelector('h2'));
    await settle();
    notices.fails = true;
    panel()!.querySelector<HTMLButtonElement>('.head button')!.click();
    await vi.waitFor(() =>
      expect(messages.said).toEqual(['Not marked as read. Not just now. [Retry]']),
    );
  });

  it('says that there are none, and why they could not be read', async () => {
    const { bell, settle } = await show();
    notices.unread.set(3);
    bell.click();
    await settle();
    const problem = { title: 'Away', code: 'away', status: 503, detail: 'Come back soon.' };
    (await asked('GET', '/notifications')).flush(problem, { status: 503, statusText: 'x' });
    await vi.waitFor(() => expect(panel()?.textContent).toContain('Come back soon.'));
    const markAll = panel()!.querySelector<HTMLButtonElement>('.head button')!;
    expect(markAll.disabled, 'nothing is on show').toBe(true);
    expect(panel()!.querySelector('.waiting')).toBeNull();
    const retry = [...panel()!.querySelectorAll('button')].find((b) => b.textContent === 'Retry');
    retry?.click();
    (await asked('GET', '/notifications')).flush({ items: [], next_cursor: null, unread: 0 });
    await vi.waitFor(() => expect(panel()?.textContent).toContain('No notices yet'));
  });

  it('keeps what is on show when it cannot be read again', async () => {
    const { bell, settle } = await show();
    bell.click();
    await settle();
    const items = [noticeOf({ id: 'a' })];
    (await asked('GET', '/notifications')).flush({ items, next_cursor: null, unread: 1 });
    await vi.waitFor(() => expect(panel()?.querySelectorAll('li')).toHaveLength(1));
    notices.changed.set({});
    refuse(await asked('GET', '/notifications'), 'Come back soon.');
    await vi.waitFor(() => expect(panel()?.textContent).toContain('Come back soon.'));
    expect(panel()!.querySelectorAll('li')).toHaveLength(1);
    expect(panel()!.querySelector<HTMLButtonElement>('.head button')!.disabled).toBe(true);
  });
});
