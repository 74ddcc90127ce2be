import { signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { configure } from '../domain/commands';
import { toApi } from '../domain/graph';
import { tradingPipeline } from '../domain/testing';
import { EditorStore } from './editor-store';
import { RunFreshness } from './run-freshness';
import { RunStore } from './run-store';

describe('RunFreshness', () => {
  function open() {
    const view = signal<unknown>(null);
    const record = signal<unknown>(null);
    TestBed.configureTestingModule({
      providers: [EditorStore, RunFreshness, { provide: RunStore, useValue: { view, record } }],
    });
    const store = TestBed.inject(EditorStore);
    store.load(tradingPipeline());
    return { view, record, store, freshness: TestBed.inject(RunFreshness) };
  }

  it('labels results of a graph that was changed while it ran', () => {
    const { view, store, freshness } = open();
    freshness.begin(null);
    view.set({});
    expect(freshness.label()).toBe('');
    store.execute(configure('strategy', { method: 'golden_cross' }));
    expect(freshness.label()).toBe('of an earlier draft');
    expect([...freshness.stale()]).toEqual(['strategy', 'risk_manager', 'trade_manager']);
    store.undo();
    expect(freshness.label()).toBe('');
  });

  it('goes by the graph that the record names, which may be another than the one on the canvas', () => {
    const { view, record, store, freshness } = open();
    freshness.begin(null);
    view.set({});
    const other = toApi(tradingPipeline());
    other.nodes[2]!.config = { method: 'golden_cross' };
    record.set({ graph: other, pipeline_version: 9 });
    expect(freshness.label()).toBe('of version 9');
    store.execute(configure('strategy', { method: 'golden_cross' }));
    expect(freshness.label()).toBe('');
  });
});
