import { TestBed } from '@angular/core/testing';
import { HeldDrafts } from '@core/page/held-drafts';
import { Autosave, SAVE_DELAY_MS } from './autosave';
import { type Draft } from './content';
import { PipelineDocument } from './pipeline-document';
import { StartSwitch } from './start-switch';
import { editOver, FakeApi, problem, serverOf, settled } from './testing';

describe('an answer about a pipeline that is not open any more', () => {
  let [a, b]: [FakeApi, FakeApi] = [new FakeApi('a'), new FakeApi('b')];
  let autosave: Autosave;
  let document: PipelineDocument;

  beforeEach(async () => {
    vi.useFakeTimers();
    sessionStorage.clear();
    [a, b] = [new FakeApi('a'), new FakeApi('b')];
    b.name = 'Second';
    editOver(serverOf(a, b));
    document = TestBed.inject(PipelineDocument);
    autosave = TestBed.inject(Autosave);
    await open('a');
  });
  afterEach(() => vi.useRealTimers());

  /** Opens a pipeline as the page of the editor does. */
  const open = async (id: string) => {
    autosave.hold();
    await document.open(id);
    autosave.begin();
    autosave.takeUpDraft();
    TestBed.tick();
  };
  const rename = (name: string) => {
    document.rename(name);
    TestBed.tick();
  };
  const pause = (ms = SAVE_DELAY_MS) => vi.advanceTimersByTimeAsync(ms);
  const draftOf = (id: string) => TestBed.inject(HeldDrafts).read<Draft>(id);

  it('is not taken for the open one, whose next edit is saved where it belongs', async () => {
    a.delay = 3_000;
    rename('A');
    await pause();
    await open('b');
    await pause(3_000);
    expect(document.facts()).toMatchObject({ id: 'b', revision: 1 });
    rename('B');
    await pause();
    expect([a.name, b.name]).toEqual(['A', 'B']);
    expect(a.saves).toHaveLength(1);
    expect(autosave.state()).toBe('saved');
    expect(draftOf('a')).toBeNull();
  });

  it('leaves what was changed after it held, to go on from its revision', async () => {
    a.delay = 3_000;
    rename('A');
    await pause();
    rename('A too');
    await open('b');
    await pause(3_000);
    expect(draftOf('a')).toMatchObject({ name: 'A too', revision: 2 });
    await open('a');
    await pause(6_000);
    expect(a.name).toBe('A too');
  });

  it('does not trouble the open one when it is a failure', async () => {
    a.delay = 3_000;
    rename('A');
    await pause();
    await open('b');
    a.failure = problem(0, 'unreachable');
    await pause(3_000);
    expect(autosave.state()).toBe('saved');
    expect(autosave.reason()).toBe('');
    expect(draftOf('a')?.name).toBe('A');
    expect(draftOf('b')).toBeNull();
  });

  it('is not recognised for the open one', async () => {
    a.answersLost = true;
    rename('A');
    await pause();
    [a.answersLost, a.loadDelay] = [false, 3_000];
    await pause(2_000);
    await open('b');
    await pause(60_000);
    expect(document.facts()?.id).toBe('b');
    expect([document.name(), b.saves]).toEqual(['Second', []]);
  });

  it('does not show the open one as switched on', async () => {
    a.delay = 3_000;
    const turned = TestBed.inject(StartSwitch).turn(true);
    await pause(0);
    await open('b');
    await settled(turned);
    expect(document.facts()).toMatchObject({ id: 'b', status: 'draft' });
  });

  it('is not switched on either, when its last change was not stored before', async () => {
    a.delay = 3_000;
    rename('A');
    const start = TestBed.inject(StartSwitch);
    const turned = start.turn(true);
    await pause(0);
    await open('b');
    expect(await settled(turned)).toBe(false);
    expect(a.status).toBe('draft');
    expect(start.problem()).toBeNull();
  });

  it('settles no conflict over the open one', async () => {
    a.revision = 5;
    rename('A');
    await pause();
    a.loadDelay = 3_000;
    const taking = autosave.takeTheirs();
    const keeping = autosave.keep('mine');
    await open('b');
    await settled(Promise.all([taking, keeping]));
    expect(document.name()).toBe('Second');
    expect(a.saves).toEqual([]);
  });

  it('says nothing of one that could not be opened in the end', async () => {
    a.loadDelay = 3_000;
    const opening = document.open('a');
    await open('b');
    a.failure = problem(0, 'unreachable');
    await settled(opening);
    expect(document.error()).toBeNull();
    expect(document.facts()?.id).toBe('b');
  });
});
