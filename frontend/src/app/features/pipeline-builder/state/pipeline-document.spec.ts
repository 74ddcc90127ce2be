import { TestBed } from '@angular/core/testing';
import { addNote } from '../domain/commands';
import { DEFAULT_NOTE_SIZE } from '../domain/graph';
import { readTrigger } from '../domain/trigger';
import { EditorApi } from './editor-api';
import { EditorStore } from './editor-store';
import { PipelineDocument } from './pipeline-document';

describe('what undo does not reach', () => {
  function open() {
    TestBed.configureTestingModule({
      providers: [EditorStore, PipelineDocument, { provide: EditorApi, useValue: {} }],
    });
    return { document: TestBed.inject(PipelineDocument), store: TestBed.inject(EditorStore) };
  }

  const note = () =>
    addNote({ id: 'n', text: '', position: { x: 0, y: 0 }, size: DEFAULT_NOTE_SIZE });

  it('is told once, when it was the last change', () => {
    const { document, store } = open();
    store.execute(note());
    document.rename('Other');
    expect(document.beyondUndo()).toBe('The name');
    expect(document.beyondUndo()).toBeNull();
  });

  it('does not stand in the way of a later change of the graph, or of how it starts', () => {
    const { document, store } = open();
    document.rename('Other');
    store.execute(note());
    expect(document.beyondUndo()).toBeNull();
    document.rename('Another');
    document.editTrigger(readTrigger({ kind: 'periodic' }));
    expect(document.beyondUndo()).toBeNull();
    store.undo();
    expect(document.trigger()).toEqual({ kind: 'manual' });
  });
});
