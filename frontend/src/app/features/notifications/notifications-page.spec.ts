import { Component, signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { MatSnackBar } from '@angular/material/snack-bar';
import { provideRouter, Router, withComponentInputBinding } from '@angular/router';
import { RouterTestingHarness } from '@angular/router/testing';
import type { NoticeOut } from '@core/api';
import { asked, provideFakeApi, queryOf, settled } from '@core/http/testing';
import { Notices } from '@core/notices/notices';
import { noticeOf } from '@core/notices/testing';
import { Subject } from 'rxjs';
import { NotificationsPage } from './notifications-page';

const LATER = '2026-11-21T12:05:00Z';
const AWAY = { title: 'No', code: 'away', status: 409, detail: 'Not just now.' };

@Component({ template: '' })
class Elsewhere {}

class FakeNotices {
  readonly unread = signal<number | null>(2);
  readonly changed = signal<object | null>(null);
  fails = false;
  readonly marked: [string, boolean][] = [];
  markedAll: readonly NoticeOut[] = [];
  kind: string | null = null;

  mark(id: string, read: boolean): Promise<void> {
    this.marked.push([id, read]);
    return this.fails ? Promise.reject(new Error(AWAY.detail)) : Promise.resolve();
  }

  markAll(shown: readonly NoticeOut[], kind: string | null): Promise<void> {
    [this.markedAll, this.kind] = [shown, kind];
    return Promise.resolve();
  }
}

describe('the page of notices', () => {
  let notices: FakeNotices;
  let page: HTMLElement;
  let said: string[];
  let retry: Subject<void>;
  let settle: () => Promise<unknown>;

  async function answer(items: NoticeOut[], unread = 2, next_cursor: string | null = null) {
    const call = await asked('GET', '/notifications');
    call.flush({ items, unread, next_cursor });
    await settle();
    return queryOf(call);
  }

  async function open(address = '/notifications') {
    notices = new FakeNotices();
    [said, retry] = [[], new Subject()];
    const messages = {
      open: (text: string, action: string) => {
        said.push(`${text} [${action}]`);
        return { onAction: () => retry };
      },
    };
    TestBed.configureTestingModule({
      providers: [
        provideFakeApi(),
        provideRouter(
          [
            { path: 'notifications', component: NotificationsPage },
            { path: '**', component: Elsewhere },
          ],
          withComponentInputBinding(),
        ),
        { provide: Notices, useValue: notices },
        { provide: MatSnackBar, useValue: messages },
      ],
    });
    const harness = await RouterTestingHarness.create();
    settle = () => settled(harness.fixture);
    await harness.navigateByUrl(address);
    page = harness.fixture.nativeElement as HTMLElement;
  }

  const rows = () => [...page.querySelectorAll('li')];
  const button = (name: string) =>
    [...page.querySelectorAll('button')].find(
      (it) => (it.getAttribute('aria-label') ?? it.textContent).trim() === name,
    )!;

  it('asks for what the address says, and changes the address', async () => {
    await open('/notifications?unread=true&kind=run_failed');
    const params = await answer([]);
    expect(params.get('unread')).toBe('true');
    expect(params.get('kind')).toBe('run_failed');
    expect(page.textContent).toContain('No notice matches');
    button('Run failed').click();
    await settle();
    expect(TestBed.inject(Router).url).toBe('/notifications?unread=true');
    expect((await answer([])).has('kind')).toBe(false);
  });

  it('marks one as read and puts it back when that fails', async () => {
    await open();
    await answer([noticeOf({ id: 'a', title: 'One' })]);
    expect(rows()[0]?.textContent).toContain('Unread');
    button('Mark as read: One').click();
    await settle();
    expect(rows()[0]?.textContent).not.toContain('Unread');
    notices.fails = true;
    button('Mark as unread: One').click();
    await settle();
    expect(notices.marked).toEqual([
      ['a', true],
      ['a', false],
    ]);
    expect(rows()[0]?.textContent).not.toContain('Unread');
    expect(said).toEqual([`Not marked as unread. ${AWAY.detail} [Retry]`]);
    expect(page.querySelector('[role=alert]'), 'nothing above the list').toBeNull();
    notices.fails = false;
    retry.next();
    await settle();
    expect(rows()[0]?.textContent).toContain('Unread');
  });

  it('names the zone of its times once', async () => {
    await open();
    const text = 'Waits by 1950-05-14 21:00 UTC.';
    await answer([noticeOf({ id: 'a', text })]);
    expect(page.textContent.match(/Times are in/g)).toHaveLength(1);
    expect(page.querySelector('.text')?.textContent).toMatch(
      /Waits by 1[45] May 1950, \d\d:\d\d\./,
    );
  });

  it('cuts a long name, so that what happened stays in sight', async () => {
    await open();
    const name = 'A pipeline whose name says in eighty characters what it does and why';
    const title = `${name} failed 3 times, last on MSFT`;
    await answer([noticeOf({ id: 'a', name, title, count: 3 })]);
    const shown = page.querySelector<HTMLElement>('.title')!;
    expect(shown.textContent).toMatch(/^A pipeline whose .{20,30}… failed 3 times, last on MSFT$/);
    expect(shown.title).toBe(title);
  });

  it('marks all that are on show as read, up to the newest of them', async () => {
    await open();
    await answer([noticeOf({ id: 'b', at: LATER }), noticeOf({ id: 'a' })]);
    button('Mark all as read').click();
    await settle();
    expect(notices.markedAll.map(({ id }) => id)).toEqual(['b', 'a']);
    expect(document.activeElement).toBe(page.querySelector('h2'));
    expect(page.textContent).not.toContain('Unread2');
    expect(rows().filter((row) => row.textContent.includes('Unread'))).toEqual([]);
  });

  it('marks only the kind that is on show', async () => {
    await open('/notifications?kind=run_failed');
    await answer([noticeOf({ id: 'a', kind: 'run_failed', read_at: LATER })]);
    expect(button('Mark this kind as read').disabled, 'what is unread is of another kind').toBe(
      true,
    );
    notices.changed.set({});
    await answer([noticeOf({ id: 'b', kind: 'run_failed', at: LATER })]);
    button('Mark this kind as read').click();
    await settle();
    expect(notices.markedAll.map(({ id }) => id)).toEqual(['b', 'a']);
    expect(notices.kind).toBe('run_failed');
    expect(rows().filter((row) => row.textContent.includes('Unread'))).toEqual([]);
  });

  it('lists what comes late under its own day', async () => {
    await open();
    await answer([noticeOf({ id: 'a', title: 'One' }), noticeOf({ id: 'c', title: 'Three' })]);
    notices.changed.set({});
    await answer([
      noticeOf({ id: 'a', title: 'One' }),
      noticeOf({ id: 'b', title: 'Two' }),
      noticeOf({ id: 'c', title: 'Three' }),
    ]);
    expect(rows().map((row) => row.querySelector('.title')?.textContent)).toEqual([
      'One',
      'Two',
      'Three',
    ]);
  });

  it('puts what comes on top, and holds it back while someone reads', async () => {
    await open();
    await answer([noticeOf({ id: 'a', title: 'One' })]);
    notices.changed.set({});
    await answer([
      noticeOf({ id: 'b', title: 'Two', at: LATER }),
      noticeOf({ id: 'a', title: 'One' }),
    ]);
    expect(rows().map((row) => row.querySelector('.title')?.textContent)).toEqual(['Two', 'One']);

    vi.spyOn(Element.prototype, 'closest').mockReturnValue({
      scrollTop: 500,
      scrollTo: () => undefined,
    } as unknown as Element);
    notices.changed.set({});
    await answer([
      noticeOf({ id: 'c', title: 'Three', at: LATER }),
      noticeOf({ id: 'b', title: 'Two', at: LATER }),
    ]);
    vi.restoreAllMocks();
    expect(rows()).toHaveLength(2);
    expect(page.textContent).toContain('1 new notice');
    [...page.querySelectorAll<HTMLButtonElement>('k-news-button button')][0]!.click();
    await settle();
    expect(rows().map((row) => row.querySelector('.title')?.textContent)).toEqual([
      'Three',
      'Two',
      'One',
    ]);
  });

  it('follows another tab that marked everything as read', async () => {
    await open();
    await answer([noticeOf({ id: 'a' })]);
    notices.changed.set({});
    await answer([], 0);
    expect(rows()[0]?.textContent).not.toContain('Unread');
  });
});
