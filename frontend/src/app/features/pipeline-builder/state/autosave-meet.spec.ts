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

  it('is what is stored once mine are kept, also where mine was not changed here', async () => {
    const mine = editor.graph();
    document.rename('Mine');
    TestBed.tick();
    api.changeElsewhere({ graph: theirs() });
    await settled(autosave.meet(true));
    expect(await settled(autosave.keepMine())).toBe(true);
    expect([api.name, api.graph]).toEqual(['Mine', toApi(mine)]);
  });
});
