import { TestBed } from '@angular/core/testing';
import { ProblemError, serverAway } from '@core/http/problem-error';
import { fromApi, toApi } from '../domain/graph';
import { tradingPipeline } from '../domain/testing';
import { readTrigger } from '../domain/trigger';
import { Autosave } from './autosave';
import { EditorApi } from './editor-api';
import { EditorStore } from './editor-store';
import { PipelineDocument } from './pipeline-document';
import { RunSession } from './run-session';
import { StoredCopies } from './stored-copies';

const UNSAVED = 'the last change could not be saved. The server did not answer.';

describe('copies of a pipeline', () => {
  const api = { export: vi.fn(), clone: vi.fn(), create: vi.fn() };
  const autosave = {
    flush: vi.fn(),
    unsaved: () => UNSAVED,
    state: vi.fn(),
    noticeDeleted: vi.fn(),
    forget: vi.fn(),
  };
  const session = { refusal: { set: vi.fn() }, refuse: vi.fn() };
  let copies: StoredCopies;
  /** What is on the screen, as a file holds it. */
  let shown: object;

  beforeEach(() => {
    vi.resetAllMocks();
    api.export.mockResolvedValue({ name: 'Mine' });
    api.clone.mockResolvedValue({ id: 'copy' });
    api.create.mockResolvedValue({ id: 'new' });
    autosave.state.mockReturnValue('refused');
    autosave.noticeDeleted.mockResolvedValue(false);
    TestBed.configureTestingModule({
      providers: [
        StoredCopies,
        EditorStore,
        PipelineDocument,
        { provide: Autosave, useValue: autosave },
        { provide: EditorApi, useValue: api },
        { provide: RunSession, useValue: session },
      ],
    });
    copies = TestBed.inject(StoredCopies);
    const graph = fromApi(toApi(tradingPipeline())).graph;
    const trigger = readTrigger({ kind: 'periodic', symbols: ['AAPL'] });
    const document = TestBed.inject(PipelineDocument);
    document.showLost('p', { revision: 1, name: 'Shown', graph, trigger });
    shown = {
      format: 'kuber.pipeline/1',
      name: 'Shown',
      graph: toApi(graph),
      mode: 'simulation',
      trigger,
    };
  });

  it('are made once everything is stored', async () => {
    let stored = false;
    autosave.flush.mockImplementation(() => Promise.resolve((stored = true)));
    api.export.mockImplementation(() => Promise.resolve({ name: stored ? 'New' : 'Old' }));
    expect(await copies.export('p')).toEqual({ name: 'New' });
    expect(await copies.clone('p')).toBe('copy');
    expect(session.refuse).not.toHaveBeenCalled();
  });

  it('are not exported without the last change, and the page says why', async () => {
    autosave.flush.mockResolvedValue(false);
    expect(await copies.export('p')).toBeNull();
    expect(api.export).not.toHaveBeenCalled();
    expect(session.refuse).toHaveBeenCalledExactlyOnceWith(`Not exported: ${UNSAVED}`, {
      missed: '',
    });
  });

  it('that the server was away for are told of as such, to be tried once it is back', async () => {
    autosave.flush.mockResolvedValue(false);
    autosave.state.mockReturnValue('offline');
    await copies.export('p');
    autosave.flush.mockResolvedValue(true);
    api.clone.mockRejectedValue(serverAway());
    await copies.clone('p');
    const missed = session.refuse.mock.calls.map(([, more]) => more.missed);
    expect(missed).toEqual(['Not exported', 'Not cloned']);
  });

  it('are not cloned without the last change, and the page says why', async () => {
    autosave.flush.mockResolvedValue(false);
    expect(await copies.clone('p')).toBeNull();
    expect(api.clone).not.toHaveBeenCalled();
    expect(session.refuse).toHaveBeenCalledExactlyOnceWith(`Not cloned: ${UNSAVED}`, {
      missed: '',
    });
  });

  it('say what the server said when it refuses', async () => {
    autosave.flush.mockResolvedValue(true);
    const detail = 'You have 100 pipelines.';
    const refusal = { title: 'No room', status: 409, code: 'quota_reached', detail };
    api.clone.mockRejectedValue(new ProblemError(refusal));
    expect(await copies.clone('p')).toBeNull();
    expect(session.refuse).toHaveBeenCalledExactlyOnceWith(`Not cloned. ${detail}`, { missed: '' });
  });

  it('of one that was deleted are what is on the screen', async () => {
    autosave.flush.mockResolvedValue(false);
    autosave.state.mockReturnValue('deleted');
    expect(await copies.export('p')).toEqual(shown);
    expect(await copies.clone('p')).toBe('new');
    expect(await copies.saveAsNew()).toBe('new');
    expect(api.create.mock.calls).toEqual([[shown], [shown]]);
    expect(autosave.forget).toHaveBeenCalledTimes(2);
    expect(session.refuse).not.toHaveBeenCalled();
  });

  it('are that too when the server tells only then that it was deleted', async () => {
    autosave.flush.mockResolvedValue(true);
    autosave.noticeDeleted.mockResolvedValue(true);
    const gone = new ProblemError({
      title: 'Gone',
      status: 404,
      code: 'not_found',
      detail: 'Gone',
    });
    api.export.mockRejectedValue(gone);
    expect(await copies.export('p')).toEqual(shown);
    expect(autosave.noticeDeleted).toHaveBeenCalledWith(gone);
  });

  it('are not made of one that was deleted when the server refuses, and it goes on waiting', async () => {
    const detail = 'You have 100 pipelines.';
    const refusal = { title: 'No room', status: 409, code: 'quota_reached', detail };
    api.create.mockRejectedValue(new ProblemError(refusal));
    expect(await copies.saveAsNew()).toBeNull();
    expect(autosave.forget).not.toHaveBeenCalled();
    expect(copies.savingAsNew()).toBe(false);
    expect(session.refuse).toHaveBeenCalledExactlyOnceWith(
      `Not saved as a new pipeline. ${detail}`,
      { missed: '' },
    );
  });
});
