import { describe, expect, it } from 'vitest';
import { filledPage } from './filled-page';

/** Answers with `counts` items one after the other; a cursor follows each but the last. */
function server(...counts: readonly number[]) {
  const asked: (string | null)[] = [];
  const read = (cursor: string | null) => {
    const at = asked.push(cursor) - 1;
    const items = Array.from({ length: counts[at] ?? 0 }, (_, number) => `${at}.${number}`);
    return Promise.resolve({ items, next_cursor: at + 1 < counts.length ? `c${at}` : null });
  };
  return { asked, read };
}

describe('a filled page', () => {
  it('reads on until it has as many as were wanted', async () => {
    const { asked, read } = server(1, 0, 2, 9);
    const page = await filledPage(read, 'from', 3);
    expect(page).toEqual({ items: ['0.0', '2.0', '2.1'], next_cursor: 'c2' });
    expect(asked).toEqual(['from', 'c0', 'c1']);
  });

  it('ends where nothing follows', async () => {
    const { read } = server(1, 0);
    expect(await filledPage(read, null, 3)).toEqual({ items: ['0.0'], next_cursor: null });
  });

  it('leaves the rest to the user after twenty', async () => {
    const { asked, read } = server(...new Array<number>(30).fill(0));
    expect(await filledPage(read, null, 3)).toEqual({ items: [], next_cursor: 'c19' });
    expect(asked).toHaveLength(20);
  });
});
