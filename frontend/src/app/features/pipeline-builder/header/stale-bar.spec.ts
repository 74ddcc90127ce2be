import { signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { AgentCatalogue } from '@core/agents/agent-catalogue';
import { SignalTypes } from '@core/signals/signal-types';
import { removeAndBridge, rename } from '../domain/commands';
import { applyCommand } from '../domain/history';
import { type Content, merge } from '../domain/merge';
import { TEST_CATALOGUE, tradingPipeline } from '../domain/testing';
import { Autosave } from '../state/autosave';
import { type Conflict } from '../state/save-standing';
import { type SaveState } from '../state/save-state';
import { StaleBar } from './stale-bar';

const graph = tradingPipeline();
const BASE: Content = { name: 'First', graph, trigger: { kind: 'manual' } };
const called = (name: string): Content => ({
  ...BASE,
  graph: applyCommand(graph, rename('strategy', name)),
});
const shorter: Content = {
  ...BASE,
  name: 'Second',
  graph: applyCommand(graph, removeAndBridge(graph, 'risk_manager')),
};

describe('the bar of a pipeline that was changed elsewhere', () => {
  const state = signal<SaveState>('conflict');
  const dirty = signal(true);
  const conflict = signal<Conflict | null>(null);
  const keep = vi.fn();
  const between = (mine: Content, theirs: Content) =>
    conflict.set({ mine, theirs, merged: merge(BASE, mine, theirs, 'mine', TEST_CATALOGUE) });

  async function open() {
    TestBed.configureTestingModule({
      providers: [
        { provide: Autosave, useValue: { state, dirty, conflict, keep } },
        { provide: AgentCatalogue, useValue: { byType: () => TEST_CATALOGUE } },
        { provide: SignalTypes, useValue: { nameOf: (type: string) => type } },
      ],
    });
    const fixture = TestBed.createComponent(StaleBar);
    await fixture.whenStable();
    const page = fixture.nativeElement as HTMLElement;
    const buttons = [...page.querySelectorAll('button')];
    return {
      fixture,
      words: page.textContent.replaceAll(/\s+/g, ' ').trim(),
      buttons: buttons.map((button) => button.textContent.trim()),
      press: (name: string) =>
        buttons.find((button) => button.textContent.trim() === name)?.click(),
    };
  }

  beforeEach(() => {
    state.set('conflict');
    dirty.set(true);
    conflict.set(null);
    keep.mockReset();
  });

  it('says what of theirs stays beside mine, where nothing is lost', async () => {
    between(called('Mine'), shorter);
    const { words, buttons, press } = await open();
    expect(words).toContain(
      'changed elsewhere: It is called Second. Risk manager removed. Mine now leads to Trade manager.',
    );
    expect(words).toContain('Keep both to have that and your changes');
    expect(buttons).toEqual(['Reload', 'Save as a new pipeline', 'Keep both']);
    press('Keep both');
    expect(keep).toHaveBeenCalledExactlyOnceWith('mine');
  });

  it('names both values where one is lost, and lets one choose', async () => {
    between(called('Mine'), called('Theirs'));
    const { words, buttons, press } = await open();
    expect(words).toContain('so that one of the two is lost');
    expect(words).toContain('Mine here, Theirs there');
    expect(buttons).toEqual(['Reload', 'Save as a new pipeline', 'Keep theirs', 'Keep mine']);
    press('Keep theirs');
    expect(keep).toHaveBeenCalledExactlyOnceWith('theirs');
  });

  it('keeps nothing before it is known what was changed', async () => {
    expect((await open()).buttons).toEqual([
      'Reload',
      'Save as a new pipeline',
      'Show what was changed',
    ]);
  });

  it('has nothing to keep where nothing was changed here', async () => {
    dirty.set(false);
    between(BASE, shorter);
    const { words, buttons } = await open();
    expect(words).toContain('Reload to see that version.');
    expect(buttons).toEqual(['Reload', 'Save as a new pipeline']);
  });

  it('says that it was deleted, and nothing while it is neither', async () => {
    state.set('deleted');
    const { fixture, words } = await open();
    expect(words).toContain('was deleted elsewhere');
    state.set('pending');
    await fixture.whenStable();
    expect((fixture.nativeElement as HTMLElement).textContent.trim()).toBe('');
  });
});
