import { PagedList } from './paged-list';

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
