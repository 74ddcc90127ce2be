import { ApplicationRef, signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { type ProblemError, serverAway } from '@core/http/problem-error';
import { Reachability } from '@core/http/reachability';
import { PRICES_AT, type PricesAt, SYMBOL_SEARCH } from '@shared/symbol-picker/symbol-search';
import { SAMPLE } from '@shared/symbol-picker/testing';
import { Autosave } from './autosave';
import { EditorActions } from './editor-actions';
import { EditorApi } from './editor-api';
import { EditorStore } from './editor-store';
import { EditorUi } from './editor-ui';
import { PipelineDocument } from './pipeline-document';
import { ProblemList } from './problem-list';
import { Publication } from './publication';
import { RunFreshness } from './run-freshness';
import { RunSession } from './run-session';
import { RunStore } from './run-store';
import { type Meeting, type SaveState } from './save-state';
import { problem } from './testing';

describe('a run that could not be started', () => {
  const recoveries = signal(0);
  let [stored, deleted]: [boolean, boolean] = [true, false];
  let refusal: ProblemError;
  let session: RunSession;
  const state = signal<SaveState>('offline');
  const differs = signal(true);
  const facts = signal({ id: 'p', version: 1, revision: 4 });
  const asked: unknown[] = [];
  let met: () => Meeting;
  const view = signal<{ executionId: string; symbol: string; status: string } | null>(null);
  const pricesAt = vi.fn<PricesAt>();
  const activeRun = vi.fn<(id: string, symbol?: string) => Promise<string | null>>();

  beforeEach(() => {
    [stored, deleted] = [true, false];
    refusal = serverAway();
    asked.length = 0;
    view.set(null);
    state.set('offline');
    differs.set(true);
    activeRun.mockReset().mockResolvedValue(null);
    pricesAt.mockReset().mockResolvedValue(SAMPLE);
    localStorage.removeItem('kuber.symbol');
    facts.set({ id: 'p', version: 1, revision: 4 });
    met = () => 'conflict';
    const autosave = {
      flush: () => Promise.resolve(stored),
      state,
      unsaved: () => 'the last change could not be saved.',
      reason: () => (deleted ? 'The pipeline was deleted elsewhere.' : 'It was changed elsewhere.'),
      noticeDeleted: () => Promise.resolve(deleted),
      meet: () => Promise.resolve(met()),
    };
    const runs = {
      active: () => view() !== null,
      paused: () => view()?.status === 'waiting',
      view,
      attach: (executionId: string) => {
        view.set({ executionId, symbol: 'NVDA', status: 'waiting' });
        return Promise.resolve();
      },
      decisionNode: () => null,
      start: (_id: string, _nodes: unknown, body: unknown) => {
        asked.push(body);
        if (facts().revision !== 5) return Promise.resolve(refusal);
        view.set({ executionId: 'run-2', symbol: 'AAPL', status: 'running' });
        return Promise.resolve(null);
      },
      dismiss: () => view.set(null),
    };
    TestBed.configureTestingModule({
      providers: [
        RunSession,
        { provide: Autosave, useValue: autosave },
        { provide: EditorActions, useValue: { say: () => undefined } },
        { provide: EditorApi, useValue: { activeRun } },
        { provide: EditorStore, useValue: { nodes: () => [] } },
        { provide: EditorUi, useValue: {} },
        { provide: PipelineDocument, useValue: { facts } },
        { provide: Publication, useValue: { differs } },
        { provide: ProblemList, useValue: { count: () => 0 } },
        { provide: Reachability, useValue: { recoveries } },
        { provide: RunFreshness, useValue: { begin: () => undefined } },
        { provide: RunStore, useValue: runs },
        { provide: SYMBOL_SEARCH, useValue: () => Promise.resolve([]) },
        { provide: PRICES_AT, useValue: pricesAt },
      ],
    });
    session = TestBed.inject(RunSession);
    TestBed.tick();
  });

  const recover = () => {
    recoveries.update((count) => count + 1);
    TestBed.tick();
  };
  const text = () => session.refusal()?.text;

  it('knows whose prices answer at the moment that is chosen', async () => {
    session.useSymbol('AAPL');
    session.useMoment('2013-03-01T21:00:00Z');
    await TestBed.inject(ApplicationRef).whenStable();
    expect(pricesAt).toHaveBeenLastCalledWith('AAPL', '2013-03-01T21:00:00.000Z');
    expect(session.prices()?.label).toBe('Sample history');
    expect(session.inHistory()).toBe(true);
    expect(session.body()).toEqual({ symbol: 'AAPL', as_of: '2013-03-01T21:00:00.000Z' });
  });

  it('is told of in the past tense once the server is back', async () => {
    await session.run();
    expect(text()).toContain('The server did not answer.');
    recover();
    expect(text()).toMatch(/^Perhaps not started: Kuber could not be reached\./);
  });

  it('is so too when it was the last change that could not be saved', async () => {
    stored = false;
    await session.run();
    expect(text()).toBe('Not started: the last change could not be saved.');
    recover();
    expect(text()).toMatch(/^Not started: Kuber could not be reached\./);
  });

  it('is told of as before when the server was there', async () => {
    refusal = problem(429, 'Too many runs.');
    await session.run();
    recover();
    expect(text()).toBe('Too many runs.');
  });

  it('is asked for once by a double click, though what is on the screen is saved first', async () => {
    await Promise.all([session.run(), session.run()]);
    expect(asked).toHaveLength(1);
    await session.run();
    expect(asked).toHaveLength(2);
  });

  it('says that the pipeline was deleted', async () => {
    [refusal, deleted] = [problem(404, 'not_found'), true];
    await session.run();
    expect(text()).toBe('Not started. The pipeline was deleted elsewhere.');
  });

  it('asks for the draft at the revision on the screen, and no other', async () => {
    await session.run();
    expect(asked).toMatchObject([{ draft: true, revision: 4 }]);
  });

  it('asks for the published version, at that revision too, when nothing differs from it', async () => {
    differs.set(false);
    await session.run();
    expect(asked).toMatchObject([{ draft: false, revision: 4 }]);
  });

  it('is refused, and started nowhere, when another tab was faster', async () => {
    refusal = problem(412, 'stale_revision');
    await session.run();
    expect(asked).toHaveLength(1);
    expect(text()).toBe('Not started. It was changed elsewhere.');
  });

  it('is started at the newer revision when that is what is on the screen', async () => {
    refusal = problem(412, 'stale_revision');
    met = () => {
      facts.set({ id: 'p', version: 1, revision: 5 });
      return 'same';
    };
    await session.run();
    expect(asked).toMatchObject([{ revision: 4 }, { revision: 5 }]);
    expect(text()).toBeUndefined();
  });

  it('is forgotten once it is chosen what becomes of a change made elsewhere', async () => {
    refusal = problem(412, 'stale_revision');
    state.set('conflict');
    await session.run();
    TestBed.tick();
    expect(text()).toBe('Not started. It was changed elsewhere.');
    state.set('saved');
    TestBed.tick();
    expect(text()).toBeUndefined();
  });

  it('stays when it had another reason, whatever is saved meanwhile', async () => {
    refusal = problem(429, 'Too many runs.');
    await session.run();
    state.set('saved');
    TestBed.tick();
    expect(text()).toBe('Too many runs.');
  });

  describe('once it is over', () => {
    /** Starts a run and leaves the editor; it is over when one comes back. */
    const runAndLeave = async () => {
      facts.set({ id: 'p', version: 1, revision: 5 });
      await session.run();
      view.set(null);
    };

    it('is shown again to who comes back, when it was started here', async () => {
      await runAndLeave();
      await session.resume('another');
      expect(view()).toBeNull();
      await session.resume('p');
      expect(view()?.executionId).toBe('run-2');
    });

    it('makes room for one that goes on, and stays away where the address names another symbol', async () => {
      await runAndLeave();
      session.preset('MSFT', undefined);
      await session.resume('p');
      expect(view()).toBeNull();
      activeRun.mockResolvedValue('run-3');
      await session.resume('p');
      expect(view()?.executionId).toBe('run-3');
    });

    it('stays away once it was taken off the canvas', async () => {
      await runAndLeave();
      await session.resume('p');
      session.dismiss();
      await session.resume('p');
      expect(view()).toBeNull();
    });
  });

  describe('while one waits', () => {
    it('shows the symbol of the run that it picks up, and leaves the chosen one for next time', async () => {
      session.useSymbol('AAPL');
      activeRun.mockResolvedValue('run-1');
      await session.resume('p');
      expect(session.symbol()).toBe('NVDA');
      expect(localStorage.getItem('kuber.symbol')).toBe('AAPL');
    });

    it('picks up only a run on the symbol that the address names', async () => {
      session.preset('aapl', undefined);
      await session.resume('p');
      expect(activeRun).toHaveBeenCalledWith('p', 'AAPL');
      expect(session.symbol()).toBe('AAPL');
    });

    it('can be asked for all the same on another symbol', async () => {
      activeRun.mockResolvedValue('run-1');
      await session.resume('p');
      expect(session.busy()).toBe(false);
      session.useSymbol('AAPL');
      await session.run();
      expect(asked).toMatchObject([{ symbol: 'AAPL' }]);
    });

    it('offers to open the run in the way only when it is another than the one on show', async () => {
      activeRun.mockResolvedValue('run-1');
      await session.resume('p');
      refusal = problem(409, 'already_running');
      await session.run();
      expect(session.refusal()?.activeRun).toBeNull();
      view.set(null);
      await session.run();
      expect(session.refusal()?.activeRun).toBe('run-1');
    });

    it('cannot be asked for while one is at work', async () => {
      view.set({ executionId: 'run-1', symbol: 'NVDA', status: 'running' });
      expect(session.busy()).toBe(true);
      await session.run();
      expect(asked).toEqual([]);
    });
  });
});
