import { type Page, PagedList, type Snapshot } from './paged-list';

const PAGES: Record<string, { items: number[]; next_cursor: string | null }> = {
  first: { items: [1, 2], next_cursor: 'second' },
  second: { items: [3], next_cursor: null },
};

describe('PagedList', () => {
  it('adds further pages to what is on show', async () => {
    const list = new PagedList<number, string>((_, cursor) =>
      Promise.resolve(PAGES[cursor ?? 'first']!),
    );
    await list.load('all');
    expect(list.items()).toEqual([1, 2]);
    expect(list.hasMore()).toBe(true);
    await list.more();
    expect(list.items()).toEqual([1, 2, 3]);
    expect(list.hasMore()).toBe(false);
  });

  it('drops the answer to an older query', async () => {
    const answers: ((items: number[]) => void)[] = [];
    const list = new PagedList<number, string>(
      () => new Promise((resolve) => answers.push((items) => resolve({ items }))),
    );
    const older = list.load('a');
    const newer = list.load('b');
    answers[1]!([2]);
    answers[0]!([1]);
    await Promise.all([older, newer]);
    expect(list.items()).toEqual([2]);
  });

  it('keeps the items and says why when reading fails', async () => {
    let fail = false;
    const list = new PagedList<number, string>(() =>
      fail ? Promise.reject(new Error('down')) : Promise.resolve({ items: [1] }),
    );
    await list.load('all');
    fail = true;
    await list.reload();
    expect(list.items()).toEqual([1]);
    expect(list.error()?.detail).toBe('down');
  });

  it('drops the items of another query than the one that could not be read', async () => {
    const list = new PagedList<number, string>((query) =>
      query === 'b'
        ? Promise.reject(new Error('down'))
        : Promise.resolve({ items: [1], next_cursor: 'on' }),
    );
    await list.load('a');
    await list.load('b');
    expect(list.items()).toEqual([]);
    expect(list.hasMore()).toBe(false);
    expect(list.error()?.detail).toBe('down');
  });

  it('keeps what is on show when the next page cannot be read', async () => {
    let fail = true;
    const list = new PagedList<number, string>((_, cursor) =>
      cursor && fail
        ? Promise.reject(new Error('down'))
        : Promise.resolve(PAGES[cursor ?? 'first']!),
    );
    await list.load('all');
    await list.more();
    expect(list.error()).toBeNull();
    expect(list.moreError()?.detail).toBe('down');
    expect(list.hasMore()).toBe(true);
    fail = false;
    await list.more();
    expect(list.moreError()).toBeNull();
    expect(list.items()).toEqual([1, 2, 3]);
  });
});

describe('a list that is taken up where it was left', () => {
  const PAGE = 2;
  const left: Snapshot<number, string> = {
    query: 'all',
    items: Array.from({ length: 24 }, (_, i) => i),
    cursor: '24',
    pages: 12,
  };
  let offset: number;
  let failing: boolean;
  let read: number;

  /** Numbers from `offset` up, two a page, without an end. */
  const fetch = (_query: string, cursor: string | null) => {
    if (failing) return Promise.reject(new Error('down'));
    read += 1;
    const at = Number(cursor ?? 0);
    const items = [at + offset, at + offset + 1];
    return Promise.resolve({ items, next_cursor: String(at + PAGE) });
  };

  beforeEach(() => ([offset, failing, read] = [0, false, 0]));

  it('reads its first ten pages again and ends there', async () => {
    const list = new PagedList(fetch, left);
    offset = 100;
    const loading = list.load('all');
    expect(list.items()).toHaveLength(24);
    await loading;
    expect(read).toBe(10);
    expect(list.items()).toEqual(Array.from({ length: 20 }, (_, i) => 100 + i));
    await list.more();
    expect(list.items().slice(-2)).toEqual([120, 121]);
    expect(list.snapshot()?.pages).toBe(11);
  });

  it('says that it could not be read, keeps what it had, and takes that up by a reload', async () => {
    failing = true;
    const list = new PagedList(fetch, left);
    await list.load('all');
    expect(list.error()?.detail).toBe('down');
    expect(list.items()).toEqual(left.items);
    expect(list.snapshot()).toEqual(left);
    failing = false;
    await list.reload();
    expect(list.error()).toBeNull();
    expect(list.items()).toHaveLength(20);
  });
});

it('reads again what is asked for without filters', async () => {
  const answers = [Promise.reject(new Error('down')), Promise.resolve({ items: [1] })];
  const list = new PagedList<number, null>(() => answers.shift()!);
  await list.load(null);
  expect(list.error()?.detail).toBe('down');
  await list.reload();
  expect(list.items()).toEqual([1]);
});

describe('a list that catches up', () => {
  let stored: number[];
  let fail: boolean;
  const list = () =>
    new PagedList<number, string>((_, cursor) => {
      if (fail) return Promise.reject(new Error('down'));
      const at = Number(cursor ?? 0);
      const next = at + 3 < stored.length ? String(at + 3) : null;
      return Promise.resolve({ items: stored.slice(at, at + 3), next_cursor: next });
    });
  const same = (item: number) => item;

  beforeEach(() => ([stored, fail] = [[6, 5, 4, 3, 2, 1], false]));

  it('puts what is new before what was loaded', async () => {
    const loaded = list();
    await loaded.load('all');
    await loaded.more();
    stored = [7, ...stored];
    await loaded.catchUp(same);
    expect(loaded.items()).toEqual([7, 6, 5, 4, 3, 2, 1]);
    expect(loaded.hasMore()).toBe(false);
  });

  it('puts what came late where it belongs', async () => {
    const loaded = list();
    await loaded.load('all');
    await loaded.more();
    stored = [7, 6, 5.5, 5, 4, 3, 2, 1];
    await loaded.catchUp(same);
    expect(loaded.items()).toEqual([7, 6, 5.5, 5, 4, 3, 2, 1]);
  });

  it('begins anew when there is more new than a page holds', async () => {
    const loaded = list();
    await loaded.load('all');
    await loaded.more();
    stored = [10, 9, 8, 7, ...stored];
    await loaded.catchUp(same);
    expect(loaded.items()).toEqual([10, 9, 8]);
    expect(loaded.hasMore()).toBe(true);
  });

  it('says when it could not, and keeps what it has', async () => {
    const loaded = list();
    await loaded.load('all');
    await loaded.more();
    fail = true;
    expect(await loaded.catchUp(same)).toBe(false);
    expect(loaded.error()?.detail).toBe('down');
    expect(loaded.items()).toEqual([6, 5, 4, 3, 2, 1]);
    [stored, fail] = [[7, ...stored], false];
    await loaded.reload();
    expect(loaded.error()).toBeNull();
    expect(loaded.items(), 'older pages stay').toEqual([7, 6, 5, 4, 3, 2, 1]);
  });

  it('drops what it got for an older query', async () => {
    let answer: (page: Page<number>) => void = () => undefined;
    const answers = [
      { items: [1] },
      new Promise<Page<number>>((r) => (answer = r)),
      { items: [2] },
    ];
    const loaded = new PagedList<number, string>(() => Promise.resolve(answers.shift()!));
    await loaded.load('all');
    const catching = loaded.catchUp(same);
    await loaded.load('other');
    answer({ items: [3] });
    await catching;
    expect(loaded.items()).toEqual([2]);
  });
});
