import { TestBed } from '@angular/core/testing';
import { type PipelineOut } from '@core/api';
import { ProblemError } from '@core/http/problem-error';
import { rename } from '../domain/commands';
import { toApi } from '../domain/graph';
import { tradingPipeline } from '../domain/testing';
import { readTrigger } from '../domain/trigger';
import { Autosave, SAVE_DELAY_MS } from './autosave';
import { EditorApi } from './editor-api';
import { EditorStore } from './editor-store';
import { PipelineDocument } from './pipeline-document';

/** A server that keeps one pipeline and counts its revisions. */
class FakeApi {
  revision = 1;
  name = 'First';
  readonly saves: { revision: number; change: object }[] = [];
  failure: ProblemError | null = null;

  load(): Promise<PipelineOut> {
    return Promise.resolve(this.answer());
  }

  save(_id: string, revision: number, change: { name?: string }): Promise<PipelineOut> {
    if (this.failure) return Promise.reject(this.failure);
    if (revision !== this.revision) return Promise.reject(problem(412, 'stale_revision'));
    this.saves.push({ revision, change });
    this.revision += 1;
    this.name = change.name ?? this.name;
    return Promise.resolve(this.answer());
  }

  answer(): PipelineOut {
    return {
      id: 'p',
      name: this.name,
      graph: toApi(tradingPipeline()),
      mode: 'simulation',
      trigger: { kind: 'manual' },
      revision: this.revision,
      version: 1,
      status: 'draft',
      created_at: '2026-01-01T00:00:00Z',
      updated_at: '2026-01-01T00:00:00Z',
      next_run_at: null,
      last_skip: null,
      problems: [],
    };
  }
}

function problem(status: number, code: string): ProblemError {
  return new ProblemError({ title: code, status, code, detail: code });
}

describe('autosave', () => {
  let api: FakeApi;
  let autosave: Autosave;
  let editor: EditorStore;
  let document: PipelineDocument;

  beforeEach(async () => {
    vi.useFakeTimers();
    api = new FakeApi();
    TestBed.configureTestingModule({
      providers: [Autosave, EditorStore, PipelineDocument, { provide: EditorApi, useValue: api }],
    });
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
    document.trigger.set(readTrigger({ kind: 'periodic', symbols: ['AAPL'] }));
    TestBed.tick();
    expect(autosave.state()).toBe('pending');
    await pause();
    expect(api.saves[0]?.change).toEqual({ trigger: document.trigger() });
    expect(autosave.dirty()).toBe(false);
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
  });

  it('keeps mine by saving over the newer revision, once asked to', async () => {
    api.revision = 5;
    edit('Mine');
    await pause();
    expect(await autosave.keepMine()).toBe(true);
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
    expect(autosave.error()?.detail).toBe('invalid');
  });

  it('saves at once when a run needs it', async () => {
    edit('Mine');
    expect(await autosave.flush()).toBe(true);
    expect(api.saves).toHaveLength(1);
  });
});
