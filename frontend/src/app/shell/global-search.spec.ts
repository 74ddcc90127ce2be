import { TestBed } from '@angular/core/testing';
import { provideRouter } from '@angular/router';
import { asked, provideFakeApi } from '@core/http/testing';
import { GlobalSearch } from './global-search';

describe('the search in the top bar', () => {
  it('shows what it found below the whole field, and as wide as the place kept for it', async () => {
    TestBed.configureTestingModule({ providers: [provideFakeApi(), provideRouter([])] });
    const fixture = TestBed.createComponent(GlobalSearch);
    const page = fixture.nativeElement as HTMLElement;
    document.body.append(page);
    await fixture.whenStable();
    const place = new DOMRect(100, 11, 420, 34);
    vi.spyOn(page.querySelector('.under')!, 'getBoundingClientRect').mockReturnValue(place);
    const field = page.querySelector('input')!;
    field.focus();
    field.value = 'swing';
    field.dispatchEvent(new Event('input', { bubbles: true }));
    (await asked('GET', '/pipelines')).flush({ items: [{ id: 'p', name: 'Swing' }] });
    (await asked('GET', '/executions')).flush({ items: [] });
    const option = () => document.querySelector('mat-option');
    await vi.waitFor(() => expect(option()?.textContent).toContain('Swing'));
    const pane = option()!.closest<HTMLElement>('.cdk-overlay-pane')!;
    expect(pane.style.width).toBe('420px');
  });
});
