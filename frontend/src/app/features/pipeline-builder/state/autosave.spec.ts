import { TestBed } from '@angular/core/testing';
import { rename } from '../domain/commands';
import { readTrigger } from '../domain/trigger';
import { Autosave, SAVE_DELAY_MS } from './autosave';
import { EditorStore } from './editor-store';
import { PipelineDocument } from './pipeline-document';
import { StartSwitch } from './start-switch';
import { editOver, FakeApi, problem, settled } from './testing';

describe('autosave', () => {
  let api: FakeApi;
  let autosave: Autosave;
  let editor: EditorStore;
  let document: PipelineDocument;

  beforeEach(async () => {
    vi.useFakeTimers();
    api = new FakeApi();
    sessionStorage.clear();
    editOver(api);
    editor = TestBed.inject(EditorStore);
    document = TestBed.inject(PipelineDocument);
    autosave = TestBed.inject(Autosave);
    await document.open('p');
    autosave.begin();
    TestBed.tick();
  });
  afterEach(() => vi.useRealTimers());

  const edit = (name: string) => {
    editor.execute(rename('strategy', name));
    TestBed.tick();
  };
  const pause = (ms = SAVE_DELAY_MS) => vi.advanceTimersByTimeAsync(ms);

  it('saves once after a pause, with the revision it started from', async () => {
    edit('A');
    edit('Ab');
    expect(autosave.state()).toBe('pending');
    await pause();
    expect(api.saves).toHaveLength(1);
    expect(api.saves[0]?.revision).toBe(1);
    expect(autosave.state()).toBe('saved');
    expect(document.facts()?.revision).toBe(2);
  });

  it('does not save what was undone to where it was', async () => {
    edit('A');
    await pause();
    expect(autosave.dirty()).toBe(false);
    await pause();
    expect(api.saves).toHaveLength(1);
  });

  it('sends only the name when only the name changed', async () => {
    document.name.set('Second');
    TestBed.tick();
    await pause();
    expect(api.saves[0]?.change).toEqual({ name: 'Second' });
  });

  it('sends only the trigger when only the way to start changed', async () => {
    document.editTrigger(readTrigger({ kind: 'periodic', symbols: ['AAPL'] }));
    TestBed.tick();
    expect(autosave.state()).toBe('pending');
    await pause();
    expect(api.saves[0]?.change).toEqual({ trigger: document.trigger() });
    expect(autosave.dirty()).toBe(false);
  });

  it('saves what undo makes of the way to start, and only that', async () => {
    document.editTrigger(readTrigger({ kind: 'periodic', symbols: ['AAPL'] }));
    TestBed.tick();
    await pause();
    editor.undo();
    TestBed.tick();
    await pause();
    expect(api.saves.map(({ change }) => change)).toEqual([
      { trigger: expect.objectContaining({ symbols: ['AAPL'] }) },
      { trigger: { kind: 'manual' } },
    ]);
  });

  it('stops at a newer revision and saves nothing over it', async () => {
    api.revision = 5;
    edit('Mine');
    await pause();
    expect(autosave.state()).toBe('conflict');
    edit('Mine too');
    await pause(60_000);
    expect(api.saves).toEqual([]);
    expect(await autosave.flush()).toBe(false);
    expect(autosave.unsaved()).toBe(
      'the last change could not be saved. The pipeline was changed elsewhere: choose above the canvas what to keep.',
    );
  });

  it('knows a save of its own again whose answer was lost, and saves what came after', async () => {
    api.answersLost = true;
    edit('Mine');
    await pause();
    expect(autosave.state()).toBe('offline');
    api.answersLost = false;
    edit('Mine too');
    await pause(60_000);
    expect(api.saves.map(({ revision }) => revision)).toEqual([1, 2]);
    expect(autosave.state()).toBe('saved');
    expect(document.facts()?.revision).toBe(3);
  });

  it('does not take for its own what somebody else saved after a lost answer', async () => {
    api.answersLost = true;
    edit('Mine');
    await pause();
    api.answersLost = false;
    api.revision += 1;
    api.name = 'Theirs';
    await pause(60_000);
    expect(autosave.state()).toBe('conflict');
  });

  it('keeps mine by saving over the newer revision, once asked to', async () => {
    api.revision = 5;
    edit('Mine');
    await pause();
    expect(await autosave.keep('mine')).toBe(true);
    expect(api.saves[0]?.revision).toBe(5);
    expect(autosave.state()).toBe('saved');
  });

  it('takes theirs and drops what was not saved', async () => {
    api.revision = 5;
    api.name = 'Theirs';
    edit('Mine');
    await pause();
    await autosave.takeTheirs();
    expect(document.name()).toBe('Theirs');
    expect(editor.graph().nodes['strategy']?.name).toBeNull();
    expect(autosave.state()).toBe('saved');
  });

  it('keeps trying while the server cannot be reached', async () => {
    api.failure = problem(0, 'unreachable');
    edit('Mine');
    await pause();
    expect(autosave.state()).toBe('offline');
    api.failure = null;
    await pause(2_000);
    expect(autosave.state()).toBe('saved');
    expect(api.saves).toHaveLength(1);
  });

  it('says why when the server refuses', async () => {
    api.failure = problem(422, 'invalid');
    edit('Mine');
    await pause();
    expect(autosave.state()).toBe('refused');
    expect(autosave.unsaved()).toBe('the last change could not be saved. invalid');
  });

  it('saves at once when a run needs it', async () => {
    edit('Mine');
    expect(await autosave.flush()).toBe(true);
    expect(api.saves).toHaveLength(1);
  });

  it('saves once more, on the new revision, what was changed during a slow save', async () => {
    api.delay = 3_000;
    for (const name of ['One', 'Two', 'Three']) {
      document.name.set(name);
      TestBed.tick();
      await pause(1_100);
    }
    expect(await settled(autosave.flush())).toBe(true);
    expect(api.saves).toEqual([
      { revision: 1, change: { name: 'One' } },
      { revision: 2, change: { name: 'Three' } },
    ]);
    expect(autosave.state()).toBe('saved');
  });

  it('has stored what was changed before a flush once it resolves, whatever came later', async () => {
    api.delay = 3_000;
    edit('Mine');
    await pause();
    document.name.set('Second');
    TestBed.tick();
    const flushes = Promise.all([autosave.flush(), autosave.flush()]);
    await pause(3_000);
    edit('Later');
    expect(await settled(flushes)).toEqual([true, true]);
    expect(api.name).toBe('Second');
    expect(autosave.dirty()).toBe(true);
  });

  it('does not say that a change is stored when the save after a slow one fails', async () => {
    api.delay = 3_000;
    edit('Mine');
    await pause();
    document.name.set('Second');
    const flush = autosave.flush();
    await pause(3_000);
    api.failure = problem(422, 'invalid');
    expect(await settled(flush)).toBe(false);
    expect(autosave.state()).toBe('refused');
  });

  it('keeps mine once, though it is asked to twice and changed meanwhile', async () => {
    api.revision = 5;
    edit('Mine');
    await pause();
    api.delay = 3_000;
    const kept = Promise.all([autosave.keep('mine'), autosave.keep('mine')]);
    await pause(0);
    edit('Mine too');
    await pause();
    expect(await settled(kept)).toEqual([true, true]);
    expect(await settled(autosave.flush())).toBe(true);
    expect(api.saves.map(({ revision }) => revision)).toEqual([5, 6]);
    expect(autosave.state()).toBe('saved');
  });

  it('saves what is changed while the pipeline is switched on after that, on its revision', async () => {
    api.delay = 3_000;
    const turned = TestBed.inject(StartSwitch).turn(true);
    await pause(0);
    edit('Mine');
    await pause();
    expect(await settled(turned)).toBe(true);
    expect(await settled(autosave.flush())).toBe(true);
    expect(api.saves.map(({ revision }) => revision)).toEqual([2]);
  });

  it('saves what is changed though the pipeline could not be switched on', async () => {
    api.delay = 3_000;
    api.failure = problem(409, 'invalid_graph');
    const start = TestBed.inject(StartSwitch);
    const turned = start.turn(true);
    await pause(0);
    edit('Mine');
    await pause();
    expect(await settled(turned)).toBe(false);
    expect(start.problem()?.code).toBe('invalid_graph');
    api.failure = null;
    expect(await settled(autosave.flush())).toBe(true);
    expect(api.saves.map(({ revision }) => revision)).toEqual([1]);
  });

  it('saves nothing beside a switching on that waited for a save', async () => {
    api.delay = 3_000;
    edit('Mine');
    const turned = TestBed.inject(StartSwitch).turn(true);
    await pause(0);
    edit('Mine too');
    const flush = autosave.flush();
    expect(await settled(Promise.all([turned, flush]))).toEqual([true, true]);
    expect(api.saves.map(({ revision }) => revision)).toEqual([1, 3]);
    expect(autosave.state()).toBe('saved');
  });

  it('makes one change at a time', async () => {
    let [going, most] = [0, 0];
    const act = async () => {
      most = Math.max(most, ++going);
      const answer = await api.activate();
      going -= 1;
      return answer;
    };
    await settled(Promise.all([autosave.change(act), autosave.change(act), autosave.flush()]));
    expect(most).toBe(1);
    expect(document.facts()?.revision).toBe(3);
  });

  /** Opens the pipeline as after a log-in or a reload. */
  const openAnew = async () => {
    await document.open('p');
    autosave.begin();
    const found = autosave.takeUpDraft();
    TestBed.tick();
    return found;
  };

  it('holds what could not be saved, and saves it when the pipeline is open again', async () => {
    api.failure = problem(401, 'token_expired');
    edit('Mine');
    await pause();
    api.failure = null;
    expect(await openAnew()).toBe(true);
    expect(editor.graph().nodes['strategy']?.name).toBe('Mine');
    await pause();
    expect(api.saves).toHaveLength(1);
    expect(await openAnew()).toBe(false);
  });

  it('does not save what was held over what somebody else saved since', async () => {
    api.failure = problem(401, 'token_expired');
    edit('Mine');
    await pause();
    api.failure = null;
    api.revision = 5;
    await openAnew();
    await pause();
    expect(autosave.state()).toBe('conflict');
    expect(api.saves).toEqual([]);
  });

  it('holds an edit when the page goes before it was saved', async () => {
    edit('Mine');
    window.dispatchEvent(new Event('pagehide'));
    expect(await openAnew()).toBe(true);
  });

  it('forgets what was held once it is stored, or dropped for theirs', async () => {
    edit('Mine');
    window.dispatchEvent(new Event('pagehide'));
    await autosave.flush();
    expect(await openAnew()).toBe(false);
    api.revision = 7;
    edit('Other');
    await pause();
    await autosave.takeTheirs();
    expect(await openAnew()).toBe(false);
  });
});
