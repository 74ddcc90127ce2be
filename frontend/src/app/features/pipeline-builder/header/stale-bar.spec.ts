import { signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { Autosave } from '../state/autosave';
import { type SaveState } from '../state/save-state';
import { StaleBar } from './stale-bar';

describe('the bar of a pipeline that was changed elsewhere', () => {
  const state = signal<SaveState>('conflict');
  const dirty = signal(false);

  async function shown() {
    TestBed.configureTestingModule({
      providers: [{ provide: Autosave, useValue: { state, dirty } }],
    });
    const fixture = TestBed.createComponent(StaleBar);
    await fixture.whenStable();
    return (fixture.nativeElement as HTMLElement).textContent.replaceAll(/\s+/g, ' ');
  }

  it('speaks of changes that are dropped only where there are some', async () => {
    dirty.set(true);
    expect(await shown()).toContain('drop your latest changes, or keep yours');
    TestBed.resetTestingModule();
    dirty.set(false);
    const text = await shown();
    expect(text).toContain('Reload to see that version, or keep what you see');
    expect(text).not.toContain('your latest changes');
  });

  it('says that it was deleted, and nothing while it is neither', async () => {
    state.set('deleted');
    expect(await shown()).toContain('was deleted elsewhere');
    TestBed.resetTestingModule();
    state.set('pending');
    expect((await shown()).trim()).toBe('');
  });
});
