import { TestBed } from '@angular/core/testing';
import { Markdown } from './markdown';

async function html(text: string): Promise<HTMLElement> {
  const fixture = TestBed.createComponent(Markdown);
  fixture.componentRef.setInput('text', text);
  await fixture.whenStable();
  return fixture.nativeElement as HTMLElement;
}

describe('Markdown', () => {
  it('renders headings, lists and tables', async () => {
    const page = await html('# Plan\n\n- one\n\n| a | b |\n|---|---|\n| 1 | 2 |');
    expect(page.querySelector('h1')).toBeNull();
    expect(page.querySelector('h2')?.textContent).toBe('Plan');
    expect(page.querySelectorAll('td')).toHaveLength(2);
  });

  it('drops scripts, handlers, images and script links', async () => {
    const page = await html(
      '<script>x</script>\n\n[go](javascript:alert(1)) <img src=x onerror=alert(1)> <b onclick="x()">b</b>',
    );
    expect(page.querySelector('script, img')).toBeNull();
    expect(page.textContent).toContain('go');
    expect(page.innerHTML).not.toMatch(/onerror|onclick|javascript:/);
  });
});
