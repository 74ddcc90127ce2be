import { TestBed } from '@angular/core/testing';
import { remove, rename } from '../domain/commands';
import { edgeId } from '../domain/graph';
import { tradingPipeline } from '../domain/testing';
import { EditorStore } from './editor-store';
import { keyOf } from './shortcuts';

describe('editor store', () => {
  let store: EditorStore;

  beforeEach(() => {
    store = TestBed.configureTestingModule({ providers: [EditorStore] }).inject(EditorStore);
    store.load(tradingPipeline());
  });

  it('names what undo would take back', () => {
    store.execute(rename('strategy', 'Fast'));
    expect(store.undoLabel()).toBe('Rename');
    store.undo();
    expect(store.canUndo()).toBe(false);
    expect(store.redoLabel()).toBe('Rename');
  });

  it('shows one node only when exactly one is chosen', () => {
    store.select(['strategy']);
    expect(store.current()?.id).toBe('strategy');
    store.select(['strategy', 'market_data']);
    expect(store.current()).toBeNull();
  });

  it('tells nodes from edges in the selection', () => {
    const edge = edgeId('strategy', null, 'risk_manager');
    store.select(['strategy', edge]);
    expect(store.selectedNodes()).toEqual(['strategy']);
    expect(store.selected().has(edge)).toBe(true);
  });

  it('forgets what is gone from the selection', () => {
    store.select(['strategy', 'market_data']);
    store.execute(remove(['strategy']));
    expect(store.selection()).toEqual(['market_data']);
  });

  it('selects everything', () => {
    store.selectAll();
    expect(store.selection()).toHaveLength(5);
  });
});

describe('keys', () => {
  const press = (key: string, more: KeyboardEventInit = {}) =>
    keyOf(new KeyboardEvent('keydown', { key, ...more }));

  it('have one name each', () => {
    expect(press('z', { ctrlKey: true })).toBe('Ctrl+Z');
    expect(press('z', { metaKey: true, shiftKey: true })).toBe('Ctrl+Shift+Z');
    expect(press('?', { shiftKey: true })).toBe('?');
    expect(press('ArrowLeft', { shiftKey: true })).toBe('Shift+ArrowLeft');
    expect(press('n')).toBe('N');
  });
});
