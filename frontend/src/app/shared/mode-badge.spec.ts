import { TestBed } from '@angular/core/testing';
import { ModeBadge } from './mode-badge';

describe('a mode badge', () => {
  it('has for each mode its word and its colour', async () => {
    const badge = TestBed.createComponent(ModeBadge);
    const page = badge.nativeElement as HTMLElement;
    const shown = async (mode: string) => {
      badge.componentRef.setInput('mode', mode);
      await badge.whenStable();
      return [page.textContent.trim(), page.style.getPropertyValue('--c')];
    };
    expect(await shown('live')).toEqual(['Live', 'var(--k-mode-live)']);
    expect(await shown('paper')).toEqual(['Paper', 'var(--k-mode-paper)']);
    expect(await shown('simulation')).toEqual(['Simulation', 'var(--k-mode-simulation)']);
    expect(await shown('validation')).toEqual(['Validation', 'var(--k-mode-validation)']);
  });
});
