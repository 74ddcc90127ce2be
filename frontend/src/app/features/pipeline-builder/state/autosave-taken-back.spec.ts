import { TestBed } from '@angular/core/testing';
import { HeldDrafts } from '@core/page/held-drafts';
import { Autosave, SAVE_DELAY_MS } from './autosave';
import { type Draft } from './content';
import { PipelineDocument } from './pipeline-document';
import { editOver, FakeApi, problem } from './testing';

describe('a change that is taken back after its save has failed', () => {
  let api: FakeApi;
  let autosave: Autosave;
  let document: PipelineDocument;

  beforeEach(async () => {
    vi.useFakeTimers();
    sessionStorage.clear();
    api = new FakeApi();
    editOver(api);
    document = TestBed.inject(PipelineDocument);
    autosave = TestBed.inject(Autosave);
    await document.open('p');
    autosave.begin();
    TestBed.tick();
  });
  afterEach(() => vi.useRealTimers());

  const rename = (name: string) => {
    document.rename(name);
    TestBed.tick();
  };
  const pause = (ms = SAVE_DELAY_MS) => vi.advanceTimersByTimeAsync(ms);
  const draft = () => TestBed.inject(HeldDrafts).read<Draft>('p');

  it('leaves nothing to save, to say or to hold when it was refused', async () => {
    api.failure = problem(422, 'invalid');
    rename('Too long');
    await pause();
    expect(draft()?.name).toBe('Too long');
    rename('First');
    await pause();
    expect(autosave.state()).toBe('saved');
    expect(autosave.reason()).toBe('');
    expect(draft()).toBeNull();
  });

  it('is corrected when it was stored and only the answer was lost', async () => {
    api.answersLost = true;
    rename('Other');
    await pause();
    expect(api.name).toBe('Other');
    api.answersLost = false;
    rename('First');
    expect(autosave.waits()).toBe(true);
    await pause();
    expect(api.name).toBe('First');
    expect(autosave.state()).toBe('saved');
    expect(autosave.waits()).toBe(false);
    expect(draft()).toBeNull();
    rename('Next');
    await pause();
    expect(api.name).toBe('Next');
  });

  it('is not saved again when it did not arrive', async () => {
    api.failure = problem(0, 'unreachable');
    rename('Other');
    await pause();
    api.failure = null;
    rename('First');
    await pause();
    expect(api.saves).toEqual([]);
    expect(autosave.state()).toBe('saved');
    expect(draft()).toBeNull();
  });

  it('is asked about again while the server does not answer, and held as it is now', async () => {
    api.answersLost = true;
    rename('Other');
    await pause();
    api.failure = problem(0, 'unreachable');
    rename('First');
    await pause();
    expect(autosave.state()).toBe('offline');
    expect(draft()?.name).toBe('First');
    [api.failure, api.answersLost] = [null, false];
    await pause(60_000);
    expect(api.name).toBe('First');
    expect(autosave.state()).toBe('saved');
  });

  it('is not corrected over what somebody else has stored', async () => {
    api.answersLost = true;
    rename('Other');
    await pause();
    api.answersLost = false;
    [api.revision, api.name] = [7, 'Theirs'];
    rename('First');
    await pause();
    expect(api.name).toBe('Theirs');
    rename('Mine');
    await pause();
    expect(autosave.state()).toBe('conflict');
    expect(api.name).toBe('Theirs');
  });

  it('is not held by a conflict any more', async () => {
    api.revision = 5;
    rename('Mine');
    await pause();
    expect(autosave.state()).toBe('conflict');
    rename('First');
    window.dispatchEvent(new Event('pagehide'));
    expect(draft()).toBeNull();
  });
});
