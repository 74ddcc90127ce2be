import { TestBed } from '@angular/core/testing';
import { MatSnackBar } from '@angular/material/snack-bar';
import { Subject } from 'rxjs';
import { LiveSocket } from '@core/socket/live-socket';
import { type PipelineNews, type PipelineNewsHandler } from '@core/socket/pipeline-news';
import { rename } from '../domain/commands';
import { Autosave, SAVE_DELAY_MS } from './autosave';
import { ChangeFollower } from './change-follower';
import { EditorStore } from './editor-store';
import { PipelineDocument } from './pipeline-document';
import { editOver, FakeApi } from './testing';

describe('an open tab', () => {
  let api: FakeApi;
  let autosave: Autosave;
  let document: PipelineDocument;
  let tell: PipelineNewsHandler = () => undefined;
  let loads = 0;
  const said: string[] = [];

  const pressed = new Subject<void>();
  const say = (text: string) => {
    said.push(text);
    return { onAction: () => pressed };
  };
  const watchPipelines = (handler: PipelineNewsHandler) => {
    tell = handler;
    return () => undefined;
  };

  beforeEach(async () => {
    vi.useFakeTimers();
    sessionStorage.clear();
    said.length = 0;
    api = new FakeApi();
    editOver(api, undefined, [
      ChangeFollower,
      { provide: MatSnackBar, useValue: { open: say } },
      { provide: LiveSocket, useValue: { watchPipelines } },
    ]);
    document = TestBed.inject(PipelineDocument);
    autosave = TestBed.inject(Autosave);
    TestBed.runInInjectionContext(() => TestBed.inject(ChangeFollower).watch());
    await document.open('p');
    autosave.begin();
    TestBed.tick();
    loads = 0;
    const load = api.load.bind(api);
    api.load = () => {
      loads += 1;
      return load();
    };
  });
  afterEach(() => vi.useRealTimers());

  const news = (change: object = {}): PipelineNews => ({
    type: 'pipeline_changed',
    pipeline_id: 'p',
    revision: api.revision,
    version: api.newest,
    status: api.status,
    ...change,
  });
  const hear = async (message: PipelineNews) => {
    tell(message);
    await vi.advanceTimersByTimeAsync(0);
  };
  const edit = () => {
    TestBed.inject(EditorStore).execute(rename('strategy', 'Mine'));
    TestBed.tick();
  };

  it('shows what another tab has saved, and says so', async () => {
    api.changeElsewhere({ name: 'Theirs' });
    await hear(news());
    expect(document.name()).toBe('Theirs');
    expect(said).toEqual([expect.stringContaining('changed elsewhere')]);
  });

  it('shows a conflict at once when something is not saved here', async () => {
    edit();
    api.changeElsewhere({ name: 'Theirs' });
    await hear(news());
    expect([autosave.state(), document.name()]).toEqual(['conflict', 'First']);
  });

  it('does not mind what it saved itself, told before or after the answer', async () => {
    edit();
    api.delay = 2_000;
    await vi.advanceTimersByTimeAsync(SAVE_DELAY_MS);
    await hear(news({ revision: 2 }));
    await vi.advanceTimersByTimeAsync(2_000);
    await hear(news());
    expect([autosave.state(), document.facts()?.revision, said]).toEqual(['saved', 2, []]);
    expect(loads).toBe(1);
  });

  it('learns that it was switched on or published elsewhere, and keeps what is not saved', async () => {
    edit();
    [api.status, api.newest] = ['active', 2];
    await hear(news());
    expect(document.facts()).toMatchObject({ status: 'active', version: 2 });
    expect(autosave.state()).toBe('pending');
  });

  it('leaves other pipelines alone', async () => {
    await hear(news({ pipeline_id: 'q', revision: 9 }));
    expect(loads).toBe(0);
  });

  it('looks again when something may have been missed', async () => {
    api.changeElsewhere({ name: 'Theirs' });
    await hear({ type: 'pipelines_missed' });
    expect(document.name()).toBe('Theirs');
  });

  it('learns that it was deleted', async () => {
    api.deleted = true;
    await hear(news({ deleted: true }));
    expect(autosave.state()).toBe('deleted');
  });

  it('gives back all that it had on the screen when it is asked to', async () => {
    api.changeElsewhere({ name: 'Theirs', trigger: { kind: 'periodic' } });
    await hear(news());
    expect(document.name()).toBe('Theirs');
    pressed.next();
    expect([document.name(), document.trigger().kind]).toEqual(['First', 'manual']);
    await vi.advanceTimersByTimeAsync(SAVE_DELAY_MS);
    expect(api.name).toBe('First');
  });
});
