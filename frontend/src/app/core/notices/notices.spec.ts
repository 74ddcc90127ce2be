import { TestBed } from '@angular/core/testing';
import { asked, provideFakeApi } from '@core/http/testing';
import { LiveSocket } from '@core/socket/live-socket';
import type { NoticeNewsHandler } from '@core/socket/notice-news';
import { signal } from '@angular/core';
import { isNews, Notices } from './notices';
import { noticeOf } from './testing';

const LATER = '2026-11-21T12:05:00Z';

describe('isNews', () => {
  const known = noticeOf({ id: 'a' });

  it('is another notice, or one more like the last', () => {
    expect(isNews(known, noticeOf({ id: 'b', at: LATER }))).toBe(true);
    expect(isNews(known, noticeOf({ id: 'a', count: 2, at: LATER }))).toBe(true);
    expect(isNews(null, known)).toBe(true);
  });

  it('is not the same one, one that was read, or an older one', () => {
    expect(isNews(known, noticeOf({ id: 'a' }))).toBe(false);
    expect(isNews(known, noticeOf({ id: 'b', at: LATER, read_at: LATER }))).toBe(false);
    expect(isNews(known, noticeOf({ id: 'b', at: '2026-11-21T11:00:00Z' }))).toBe(false);
  });
});

describe('Notices', () => {
  let tell: NoticeNewsHandler;
  let stopped: boolean;

  function open() {
    stopped = false;
    const socket = {
      state: signal('ready'),
      watchNotices: (handler: NoticeNewsHandler) => {
        tell = handler;
        return () => (stopped = true);
      },
    };
    TestBed.configureTestingModule({
      providers: [provideFakeApi(), { provide: LiveSocket, useValue: socket }],
    });
    const notices = TestBed.inject(Notices);
    TestBed.runInInjectionContext(() => notices.watch());
    return notices;
  }

  it('knows what is unread from the first word on, and calls only what comes later news', () => {
    const notices = open();
    expect(notices.unread()).toBeNull();
    tell({ type: 'notices', unread: 2, newest: noticeOf({ id: 'a' }) });
    expect(notices.unread()).toBe(2);
    expect(notices.news()).toBeNull();
    tell({ type: 'notices', unread: 3, newest: noticeOf({ id: 'b', at: LATER }) });
    expect(notices.news()?.id).toBe('b');
  });

  it('follows what another tab marks as read without calling it news', () => {
    const notices = open();
    tell({ type: 'notices', unread: 1, newest: noticeOf({ id: 'a' }) });
    const before = notices.changed();
    tell({ type: 'notices', unread: 0, newest: noticeOf({ id: 'a', read_at: LATER }) });
    expect(notices.unread()).toBe(0);
    expect(notices.changed()).not.toBe(before);
    expect(notices.news()).toBeNull();
  });

  it('takes the count over from the answer', async () => {
    const notices = open();
    const late = noticeOf({ id: 'a', sequence: 7 });
    const shown = [noticeOf({ id: 'b', at: LATER, sequence: 5 }), late];
    const marking = notices.markAll(shown, 'run_failed');
    const call = await asked('POST', '/read-all');
    expect(call.request.body).toEqual({ up_to_sequence: 7, kind: 'run_failed' });
    call.flush({ unread: 1 });
    await marking;
    expect(notices.unread()).toBe(1);
  });

  it('forgets everything with its owner', () => {
    const notices = open();
    tell({ type: 'notices', unread: 2, newest: null });
    TestBed.resetTestingModule();
    expect(stopped).toBe(true);
    expect(notices.unread()).toBeNull();
  });
});
