import { PagedList } from '@core/http/paged-list';
import { LiveList } from './live-list';

const rows = (ids: string) => [...ids].map((id) => ({ id }));

describe('what is new in a list', () => {
  let stored: string;
  let main: HTMLElement;
  let list: PagedList<{ id: string }, null>;
  let live: LiveList<{ id: string }, null>;
  const shown = () =>
    list
      .items()
      .map(({ id }) => id)
      .join('');

  beforeEach(async () => {
    stored = 'bcd';
    main = document.createElement('main');
    main.scrollTo = ((to: ScrollToOptions) => (main.scrollTop = to.top ?? 0)) as never;
    const host = main.appendChild(document.createElement('div'));
    list = new PagedList(() => Promise.resolve({ items: rows(stored), next_cursor: null }));
    live = new LiveList(list, host);
    await list.load(null);
  });

  it('goes where it belongs at once', async () => {
    await live.take(rows('abxcd'), false);
    expect(shown()).toBe('abxcd');
    expect([...live.arrived()]).toEqual(['a', 'x']);
    expect(live.waiting()).toBe(0);
  });

  it('waits while someone reads, and then goes where it belongs', async () => {
    main.scrollTop = 500;
    await live.take(rows('abxcd'), false);
    expect([shown(), live.waiting()]).toEqual(['bcd', 2]);
    await live.showWaiting();
    expect([shown(), live.waiting(), main.scrollTop]).toEqual(['abxcd', 0, 0]);
  });

  it('reads the list anew when something between is missing, also later', async () => {
    main.scrollTop = 500;
    stored = 'xyz';
    await live.take(rows('xy'), true);
    expect([shown(), live.waiting()]).toEqual(['bcd', 2]);
    await live.showWaiting();
    expect(shown()).toBe('xyz');
  });

  it('is let go of when other rows are asked for', async () => {
    main.scrollTop = 500;
    await live.take(rows('abcd'), false);
    live.forget();
    expect(live.waiting()).toBe(0);
  });
});
