import { createEnvironmentInjector, EnvironmentInjector } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { Session } from '@core/auth/session';
import { configure, removeAndBridge, rename } from '../domain/commands';
import { fromApi, toApi } from '../domain/graph';
import { tradingPipeline } from '../domain/testing';
import { readTrigger, type Start } from '../domain/trigger';
import { EditorApi } from './editor-api';
import { EditorStore } from './editor-store';
import { KeptHistory } from './kept-history';
import { PipelineDocument } from './pipeline-document';
import { FakeApi } from './testing';

const HOURLY = readTrigger({ kind: 'periodic', every_minutes: 60, symbols: ['AAPL'] });

describe('undo over a reload', () => {
  let owner = 'ann';

  beforeEach(() => {
    sessionStorage.clear();
    owner = 'ann';
    TestBed.configureTestingModule({
      providers: [
        { provide: EditorApi, useValue: new FakeApi() },
        { provide: Session, useValue: { owner: () => owner, loggedIn: () => true } },
      ],
    });
  });

  /** A page with the pipeline open; what is on it is as the server gives it back. */
  async function page(graph = tradingPipeline(), start: Start = { kind: 'manual' }) {
    const injector = createEnvironmentInjector(
      [EditorStore, KeptHistory, PipelineDocument],
      TestBed.inject(EnvironmentInjector),
    );
    const editor = injector.get(EditorStore);
    await injector.get(PipelineDocument).open('p');
    const stored = JSON.parse(JSON.stringify(toApi(graph))) as ReturnType<typeof toApi>;
    editor.load(fromApi(stored).graph, start);
    injector.get(KeptHistory).takeUp();
    return { editor, document: injector.get(PipelineDocument), leave: () => injector.destroy() };
  }

  it('takes back, and does again, what was done before', async () => {
    const before = await page();
    before.editor.execute(removeAndBridge(before.editor.graph(), 'risk_manager'));
    before.editor.execute(rename('strategy', 'Fast'));
    before.editor.undo();
    const left = before.editor.graph();
    before.leave();
    const after = await page(left);
    expect([after.editor.undoLabel(), after.editor.redoLabel()]).toEqual([
      'Delete 1 item',
      'Rename',
    ]);
    after.editor.redo();
    expect(after.editor.graph().nodes['strategy']?.name).toBe('Fast');
    after.editor.undo();
    after.editor.undo();
    expect(toApi(after.editor.graph())).toEqual(toApi(tradingPipeline()));
  });

  it('takes back how it started, with what was done to the graph before', async () => {
    const before = await page();
    before.editor.execute(rename('strategy', 'Fast'));
    before.document.editTrigger(HOURLY);
    before.document.editTrigger({ kind: 'manual' });
    before.editor.undo();
    const left = before.editor.graph();
    before.leave();
    const { editor } = await page(left, HOURLY);
    editor.redo();
    expect(editor.start()).toEqual({ kind: 'manual' });
    for (let i = 0; i < 3; i++) editor.undo();
    expect(editor.start()).toEqual({ kind: 'manual' });
    expect(toApi(editor.graph())).toEqual(toApi(tradingPipeline()));
  });

  it('is dropped when it starts in another way by now', async () => {
    const before = await page();
    before.document.editTrigger(HOURLY);
    const left = before.editor.graph();
    before.leave();
    expect((await page(left)).editor.canUndo()).toBe(false);
  });

  it('is dropped when the graph is another by now', async () => {
    const before = await page();
    before.editor.execute(rename('strategy', 'Fast'));
    before.leave();
    const after = await page();
    expect(after.editor.canUndo()).toBe(false);
  });

  it('is nobody else’s', async () => {
    const before = await page();
    before.editor.execute(rename('strategy', 'Fast'));
    const left = before.editor.graph();
    before.leave();
    owner = 'bob';
    expect((await page(left)).editor.canUndo()).toBe(false);
  });

  it('keeps the newest steps where all would be too much', async () => {
    const before = await page();
    for (let i = 0; i < 20; i++) {
      before.editor.execute(rename('strategy', `Name ${i}`));
      before.editor.execute(configure('strategy', { method: 'x'.repeat(40_000) + i }));
    }
    const left = before.editor.graph();
    before.leave();
    const { editor } = await page(left);
    expect(editor.undoLabel()).toBe('Edit settings');
    let steps = 0;
    for (; editor.canUndo(); steps++) editor.undo();
    expect(steps).toBeGreaterThan(1);
    expect(steps).toBeLessThan(20);
  });
});
