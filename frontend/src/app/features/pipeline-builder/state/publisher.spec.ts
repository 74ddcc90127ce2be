import { signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { MatSnackBar } from '@angular/material/snack-bar';
import { AgentCatalogue } from '@core/agents/agent-catalogue';
import { SignalTypes } from '@core/signals/signal-types';
import { removeAndBridge, rename } from '../domain/commands';
import { toApi } from '../domain/graph';
import { TEST_CATALOGUE, tradingPipeline } from '../domain/testing';
import { readTrigger } from '../domain/trigger';
import { Autosave } from './autosave';
import { EditorStore } from './editor-store';
import { PipelineDocument } from './pipeline-document';
import { Publication } from './publication';
import { Publisher } from './publisher';
import { editOver, FakeApi, problem, settled } from './testing';

const HOURLY = { kind: 'periodic', symbols: ['AAPL'] } as const;

describe('publishing', () => {
  let api: FakeApi;
  let autosave: Autosave;
  let document: PipelineDocument;
  let editor: EditorStore;
  let publisher: Publisher;
  let publication: Publication;
  const said: string[] = [];

  beforeEach(async () => {
    vi.useFakeTimers();
    sessionStorage.clear();
    said.length = 0;
    api = new FakeApi();
    api.trigger = HOURLY;
    api.published = { graph: api.graph, trigger: HOURLY };
    editOver(api, undefined, [
      Publication,
      Publisher,
      { provide: MatSnackBar, useValue: { open: (text: string) => void said.push(text) } },
      { provide: AgentCatalogue, useValue: { byType: signal(TEST_CATALOGUE) } },
      { provide: SignalTypes, useValue: { nameOf: (type: string) => type } },
    ]);
    document = TestBed.inject(PipelineDocument);
    autosave = TestBed.inject(Autosave);
    editor = TestBed.inject(EditorStore);
    publisher = TestBed.inject(Publisher);
    publication = TestBed.inject(Publication);
    await open();
  });
  afterEach(() => vi.useRealTimers());

  const open = async () => {
    await document.open('p');
    autosave.begin();
    await known();
  };
  const known = async () => {
    TestBed.tick();
    await vi.advanceTimersByTimeAsync(0);
    TestBed.tick();
  };
  const removeRisk = () => editor.execute(removeAndBridge(editor.graph(), 'risk_manager'));

  it('saves what is on the screen first, and publishes that', async () => {
    editor.execute(rename('strategy', 'Fast'));
    expect(await settled(publisher.publish({ name: 'Quick' }))).toBe(true);
    expect(api.saves).toHaveLength(1);
    expect(api.published?.graph).toEqual(toApi(editor.graph()));
    expect(said).toEqual(['Version 2 published']);
    expect(publication.count()).toBe(0);
  });

  it('publishes nothing over what another tab has saved', async () => {
    const theirs = { ...tradingPipeline(), notes: {} };
    delete (theirs.nodes as Record<string, unknown>)['risk_manager'];
    api.changeElsewhere({ graph: toApi(theirs) });
    expect(await settled(publisher.publish())).toBe(false);
    expect([autosave.state(), api.newest]).toEqual(['conflict', 1]);
    expect(publisher.problem()?.title).toContain('changed elsewhere');
  });

  it('goes on when only something else was changed elsewhere', async () => {
    api.changeElsewhere();
    expect(await settled(publisher.publish())).toBe(true);
    expect(api.newest).toBe(2);
  });

  it('says why it was not done', async () => {
    api.failure = problem(422, 'invalid_graph');
    expect(await settled(publisher.publish())).toBe(false);
    expect(publisher.problem()?.code).toBe('invalid_graph');
    expect(said).toEqual([]);
  });

  it('counts what the draft changes, once it is known what is published', async () => {
    expect([publication.version(), publication.count()]).toEqual([1, 0]);
    removeRisk();
    document.editTrigger(readTrigger({ ...HOURLY, every_minutes: 60 }));
    await known();
    expect(publication.graphChanges()).toEqual([
      'Risk manager removed',
      'Strategy now leads to Trade manager',
    ]);
    expect(publication.startChanges()).toEqual(['Starts every hour instead of every 5 min']);
    expect(publication.count()).toBe(3);
  });

  it('has nothing to publish once the change is undone, saved or not', async () => {
    removeRisk();
    await settled(autosave.flush());
    await known();
    expect(publication.differs()).toBe(true);
    editor.undo();
    await known();
    expect(publication.count()).toBe(0);
    await settled(autosave.flush());
    expect(document.facts()?.draftDiffers).toBe(false);
  });

  it('has everything to publish when nothing ever was', async () => {
    [api.newest, api.published] = [0, null];
    await open();
    expect([publication.version(), publication.count(), publication.differs()]).toEqual([
      0,
      null,
      true,
    ]);
  });
});
