import { TestBed } from '@angular/core/testing';
import { rename } from '../domain/commands';
import { applyCommand } from '../domain/history';
import { fromApi, toApi } from '../domain/graph';
import { Autosave, SAVE_DELAY_MS } from './autosave';
import { EditorStore } from './editor-store';
import { PipelineDocument } from './pipeline-document';
import { editOver, FakeApi, problem, settled } from './testing';

describe('what is on the screen meets what another tab has stored', () => {
  let api: FakeApi;
  let autosave: Autosave;
  let document: PipelineDocument;
  let editor: EditorStore;

  beforeEach(async () => {
    vi.useFakeTimers();
    sessionStorage.clear();
    api = new FakeApi();
    editOver(api);
    document = TestBed.inject(PipelineDocument);
    autosave = TestBed.inject(Autosave);
    editor = TestBed.inject(EditorStore);
    await document.open('p');
    autosave.begin();
    TestBed.tick();
  });
  afterEach(() => vi.useRealTimers());

  const theirs = () => toApi(applyCommand(fromApi(api.graph).graph, rename('strategy', 'Theirs')));
  const edit = (name: string) => {
    editor.execute(rename('strategy', name));
    TestBed.tick();
  };
  const named = () => editor.graph().nodes['strategy']?.name;

  it('gives way to it when nothing is unsaved', async () => {
    api.changeElsewhere({ graph: theirs() });
    expect(await settled(autosave.meet(true))).toBe('shown');
    expect([named(), document.facts()?.revision, autosave.state()]).toEqual(['Theirs', 2, 'saved']);
    edit('Mine');
    await vi.advanceTimersByTimeAsync(SAVE_DELAY_MS);
    expect(api.saves.map(({ revision }) => revision)).toEqual([2]);
  });

  it('stands against it when something is, and is not saved over it', async () => {
    edit('Mine');
    api.changeElsewhere({ graph: theirs() });
    expect(await settled(autosave.meet(true))).toBe('conflict');
    expect(autosave.state()).toBe('conflict');
    await vi.advanceTimersByTimeAsync(60_000);
    expect([named(), api.saves]).toEqual(['Mine', []]);
  });

  it('stands against it, too, where it may not be shown', async () => {
    api.changeElsewhere({ graph: theirs() });
    expect(await settled(autosave.meet(false))).toBe('conflict');
    expect(named()).not.toBe('Theirs');
  });

  it('stays when only other things were changed, and goes on from there', async () => {
    edit('Mine');
    api.changeElsewhere();
    api.status = 'active';
    expect(await settled(autosave.meet(true))).toBe('same');
    expect(document.facts()?.status).toBe('active');
    await vi.advanceTimersByTimeAsync(SAVE_DELAY_MS);
    expect(autosave.state()).toBe('saved');
    expect(api.saves.map(({ revision }) => revision)).toEqual([2]);
  });

  it('waits for a save of its own, which is nobody else’s change', async () => {
    api.delay = 2_000;
    edit('Mine');
    const saving = autosave.flush();
    expect(await settled(autosave.meet(true))).toBe('same');
    expect(await settled(saving)).toBe(true);
    expect(document.facts()?.revision).toBe(2);
  });

  it('is known again when the answer to its save was lost', async () => {
    api.answersLost = true;
    edit('Mine');
    await vi.advanceTimersByTimeAsync(SAVE_DELAY_MS);
    expect(await settled(autosave.meet(true))).toBe('same');
    expect(autosave.state()).toBe('saved');
  });

  it('learns that it was deleted', async () => {
    api.deleted = true;
    expect(await settled(autosave.meet(true))).toBe('conflict');
    expect(autosave.state()).toBe('deleted');
  });

  it('changes nothing while the server is away', async () => {
    api.failure = problem(0, 'unreachable');
    expect(await settled(autosave.meet(true))).toBe('unknown');
    expect(autosave.state()).toBe('saved');
  });

  describe('and is kept beside it', () => {
    const shortened = () =>
      toApi(
        applyCommand(fromApi(api.graph).graph, {
          label: '',
          change: (draft) => {
            delete draft.nodes['trade_manager'];
            draft.nodes['strategy']!.config = { method: 'rsi', length: 21 };
          },
        }),
      );

    it('loses nothing of what was deleted and set up there', async () => {
      edit('Mine');
      api.changeElsewhere({ name: 'Theirs', graph: shortened() });
      await settled(autosave.meet(true));
      expect(autosave.conflict()?.merged.clashes).toEqual([]);
      expect(await settled(autosave.keep('mine'))).toBe(true);
      const { nodes } = fromApi(api.graph).graph;
      expect([api.name, api.revision, nodes['trade_manager']]).toEqual(['Theirs', 3, undefined]);
      expect(nodes['strategy']).toMatchObject({ name: 'Mine', config: { length: 21 } });
      expect([document.name(), editor.graph()]).toEqual(['Theirs', fromApi(api.graph).graph]);
      expect(autosave.state()).toBe('saved');
      editor.undo();
      expect(editor.graph().nodes).toHaveProperty('trade_manager');
    });

    it('has whom it is told to where both changed the same', async () => {
      edit('Mine');
      api.changeElsewhere({ graph: theirs() });
      await settled(autosave.meet(true));
      expect(autosave.conflict()?.merged.clashes).toMatchObject([{ mine: 'Mine' }]);
      expect(await settled(autosave.keep('theirs'))).toBe(true);
      expect([named(), autosave.state(), api.saves]).toEqual(['Theirs', 'saved', []]);
    });

    it('waits once more when yet another change came in between', async () => {
      edit('Mine');
      api.changeElsewhere({ name: 'Theirs' });
      await settled(autosave.meet(true));
      api.changeElsewhere({ name: 'Theirs again' });
      expect(await settled(autosave.keep('mine'))).toBe(false);
      expect([autosave.conflict()?.theirs.name, api.saves]).toEqual(['Theirs again', []]);
      expect(await settled(autosave.keep('mine'))).toBe(true);
      expect(api.name).toBe('Theirs again');
    });

    it('hears of what else is changed while it waits', async () => {
      edit('Mine');
      api.changeElsewhere({ name: 'Theirs' });
      await settled(autosave.meet(true));
      api.changeElsewhere({ name: 'Theirs again' });
      expect(await settled(autosave.meet(true))).toBe('conflict');
      expect(autosave.conflict()?.theirs.name).toBe('Theirs again');
    });

    it('is told from what was stored when it was begun, over a reload too', async () => {
      edit('Mine');
      autosave.hold();
      api.changeElsewhere({ graph: shortened() });
      await settled(document.open('p'));
      autosave.begin();
      expect(autosave.takeUpDraft()).toBe(true);
      await settled(autosave.flush());
      expect(autosave.state()).toBe('conflict');
      expect(await settled(autosave.keep('mine'))).toBe(true);
      expect(fromApi(api.graph).graph.nodes).not.toHaveProperty('trade_manager');
      expect(named()).toBe('Mine');
    });
  });

  it('can be undone to what it was, where it gave way', async () => {
    edit('Mine');
    await settled(autosave.flush());
    api.changeElsewhere({ graph: theirs() });
    await settled(autosave.meet(true));
    expect([named(), editor.undoLabel()]).toEqual(['Theirs', 'Changes from elsewhere']);
    editor.undo();
    expect(named()).toBe('Mine');
    await settled(autosave.flush());
    expect(fromApi(api.graph).graph.nodes['strategy']?.name).toBe('Mine');
  });
});
