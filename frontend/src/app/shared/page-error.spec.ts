import { TestBed } from '@angular/core/testing';
import { provideRouter } from '@angular/router';
import { PageError } from './page-error';

const AWAY = { title: 'Not Found', detail: 'There is nothing.', correlationId: null, errors: [] };

describe('a page whose one thing could not be read', () => {
  async function drawn(status: number) {
    TestBed.configureTestingModule({ providers: [provideRouter([])] });
    const fixture = TestBed.createComponent(PageError);
    fixture.componentRef.setInput('error', { ...AWAY, status });
    fixture.componentRef.setInput('what', 'pipeline');
    fixture.componentRef.setInput('list', '/pipelines');
    let retries = 0;
    fixture.componentInstance.retry.subscribe(() => (retries += 1));
    await fixture.whenStable();
    return { page: fixture.nativeElement as HTMLElement, retries: () => retries };
  }

  it('leads back to the list where there is no such thing, and offers no Retry', async () => {
    const { page } = await drawn(404);
    expect(page.textContent).toContain('There is no such pipeline');
    expect(page.textContent).not.toContain('Not Found');
    const link = page.querySelector('a')!;
    expect([link.textContent.trim(), link.getAttribute('href')]).toEqual([
      'All pipelines',
      '/pipelines',
    ]);
    expect(page.querySelector('button')).toBeNull();
  });

  it('can be tried again for any other reason', async () => {
    const { page, retries } = await drawn(500);
    page.querySelector('button')!.click();
    expect(retries()).toBe(1);
  });
});
