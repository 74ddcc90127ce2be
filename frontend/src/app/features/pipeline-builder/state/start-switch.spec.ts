import { TestBed } from '@angular/core/testing';
import { type PeriodicStart, readTrigger } from '../domain/trigger';
import { Autosave, SAVE_DELAY_MS } from './autosave';
import { PipelineDocument } from './pipeline-document';
import { StartSwitch } from './start-switch';
import { editOver, FakeApi, problem, settled } from './testing';

const HOURLY = { kind: 'periodic', symbols: ['AAPL'] } as const;

describe('switching on and off that a pipeline starts by itself', () => {
  let api: FakeApi;
  let autosave: Autosave;
  let document: PipelineDocument;
  let start: StartSwitch;

  const open = async () => {
    await document.open('p');
    autosave.begin();
    TestBed.tick();
  };

  beforeEach(async () => {
    vi.useFakeTimers();
    sessionStorage.clear();
    api = new FakeApi();
    [api.trigger, api.status] = [HOURLY, 'active'];
    editOver(api);
    document = TestBed.inject(PipelineDocument);
    autosave = TestBed.inject(Autosave);
    start = TestBed.inject(StartSwitch);
    await open();
  });
  afterEach(() => vi.useRealTimers());

  it('says why it was not done when the last change could not be saved', async () => {
    api.failure = problem(422, 'invalid');
    document.rename('Mine');
    expect(await settled(start.turn(false))).toBe(false);
    expect(start.problem()?.title).toBe(
      'Not switched off: the last change could not be saved. invalid',
    );
    api.failure = null;
    expect(await settled(start.turn(false))).toBe(true);
    expect(start.problem()).toBeNull();
  });

  it('leaves it on while the draft is changed to what could start nothing', async () => {
    document.editTrigger({ ...(readTrigger(HOURLY) as PeriodicStart), symbols: [] });
    TestBed.tick();
    await vi.advanceTimersByTimeAsync(SAVE_DELAY_MS);
    document.editTrigger({ kind: 'manual' });
    TestBed.tick();
    await vi.advanceTimersByTimeAsync(SAVE_DELAY_MS);
    expect(api.saves).toHaveLength(2);
    expect([api.status, start.active()]).toEqual(['active', true]);
  });
});
