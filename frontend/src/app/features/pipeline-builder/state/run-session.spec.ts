import { signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { type ProblemError, serverAway } from '@core/http/problem-error';
import { Reachability } from '@core/http/reachability';
import { SYMBOL_SEARCH } from '@shared/symbol-picker/symbol-search';
import { Autosave } from './autosave';
import { EditorActions } from './editor-actions';
import { EditorApi } from './editor-api';
import { EditorStore } from './editor-store';
import { EditorUi } from './editor-ui';
import { PipelineDocument } from './pipeline-document';
import { ProblemList } from './problem-list';
import { RunFreshness } from './run-freshness';
import { RunSession } from './run-session';
import { RunStore } from './run-store';
import { type Meeting } from './save-state';
import { problem } from './testing';

describe('a run that could not be started', () => {
  const recoveries = signal(0);
  let [stored, deleted]: [boolean, boolean] = [true, false];
  let refusal: ProblemError;
  let session: RunSession;
  const facts = signal({ id: 'p', version: 1, revision: 4 });
  const asked: unknown[] = [];
  let met: () => Meeting;

  beforeEach(() => {
    [stored, deleted] = [true, false];
    refusal = serverAway();
    asked.length = 0;
    facts.set({ id: 'p', version: 1, revision: 4 });
    met = () => 'conflict';
    const autosave = {
      flush: () => Promise.resolve(stored),
      state: () => 'offline',
      unsaved: () => 'the last change could not be saved.',
      reason: () => (deleted ? 'The pipeline was deleted elsewhere.' : 'It was changed elsewhere.'),
      noticeDeleted: () => Promise.resolve(deleted),
      meet: () => Promise.resolve(met()),
    };
    const runs = {
      active: () => false,
      decisionNode: () => null,
      start: (_id: string, _nodes: unknown, body: unknown) => {
        asked.push(body);
        return Promise.resolve(facts().revision === 5 ? null : refusal);
      },
    };
    TestBed.configureTestingModule({
      providers: [
        RunSession,
        { provide: Autosave, useValue: autosave },
        { provide: EditorActions, useValue: { say: () => undefined } },
        { provide: EditorApi, useValue: {} },
        { provide: EditorStore, useValue: { nodes: () => [] } },
        { provide: EditorUi, useValue: {} },
        { provide: PipelineDocument, useValue: { facts } },
        { provide: ProblemList, useValue: { count: () => 0 } },
        { provide: Reachability, useValue: { recoveries } },
        { provide: RunFreshness, useValue: { begin: () => undefined } },
        { provide: RunStore, useValue: runs },
        { provide: SYMBOL_SEARCH, useValue: () => Promise.resolve([]) },
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

  it('says that the pipeline was deleted', async () => {
    [refusal, deleted] = [problem(404, 'not_found'), true];
    await session.run();
    expect(text()).toBe('Not started. The pipeline was deleted elsewhere.');
  });

  it('asks for the draft at the revision on the screen, and no other', async () => {
    await session.run();
    expect(asked).toMatchObject([{ draft: true, revision: 4 }]);
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
});
