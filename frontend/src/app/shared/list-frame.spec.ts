import { Component, signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import type { ErrorInfo } from './error-state';
import { ListFrame } from './list-frame';

const DOWN: ErrorInfo = {
  title: 'Not just now',
  detail: 'Come back soon.',
  correlationId: null,
  errors: [],
};

@Component({
  imports: [ListFrame],
  template: `
    <k-list-frame [list]="list" what="event">
      @for (item of list.items(); track item) {
        <p class="row">{{ item }}</p>
      }
      <p empty>Nothing</p>
    </k-list-frame>
  `,
})
class Page {
  readonly list = {
    items: signal([1, 2]),
    error: signal<ErrorInfo | null>(null),
    hasMore: signal(true),
    loadingFirst: signal(false),
    loadingMore: signal(false),
    moreError: signal(null),
    reload: vi.fn(() => Promise.resolve()),
    more: () => Promise.resolve(),
  };
}

describe('a list and its states', () => {
  async function show() {
    const fixture = TestBed.createComponent(Page);
    const page = fixture.nativeElement as HTMLElement;
    await fixture.whenStable();
    const names = () => [...page.querySelectorAll('button')].map((it) => it.textContent.trim());
    const rows = () => page.querySelectorAll('.row').length;
    const { list } = fixture.componentInstance;
    return { page, list, names, rows, settle: () => fixture.whenStable() };
  }

  it('keeps its rows when it cannot be read again, and says why above them', async () => {
    const { page, list, names, rows, settle } = await show();
    expect([rows(), names()]).toEqual([2, ['Load more']]);
    list.error.set(DOWN);
    await settle();
    const card = page.querySelector('.k-card')!;
    expect(card.firstElementChild?.tagName).toBe('K-ERROR-STATE');
    expect(card.textContent).toContain('Come back soon.');
    expect([rows(), names()]).toEqual([2, ['Retry', 'Load more']]);
    page.querySelector('button')!.click();
    expect(list.reload).toHaveBeenCalledOnce();
  });

  it('offers no more of what it has nothing of', async () => {
    const { page, list, names, settle } = await show();
    list.items.set([]);
    list.error.set(DOWN);
    await settle();
    expect(names()).toEqual(['Retry']);
    expect(page.textContent).not.toContain('Nothing');
    list.error.set(null);
    await settle();
    expect(names(), 'there may be rows further on').toEqual(['Load more']);
  });
});
