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
    const found = autosave.takeUpDraft();
    TestBed.tick();
    return found;
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

  const nameless: PeriodicStart = { ...(readTrigger(HOURLY) as PeriodicStart), symbols: [] };
  const hold = () => {
    document.held.set(nameless);
    TestBed.tick();
  };

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

  it('keeps an incomplete change back while it is active, and counts it as waiting', async () => {
    hold();
    await vi.advanceTimersByTimeAsync(SAVE_DELAY_MS);
    expect(document.trigger()).toEqual(readTrigger(HOURLY));
    expect(autosave.waits()).toBe(true);
    expect(api.saves).toEqual([]);
  });

  it('takes the change that was kept back, once it is not active', async () => {
    hold();
    expect(await settled(start.turn(false))).toBe(true);
    TestBed.tick();
    expect(document.held()).toBeNull();
    expect(document.trigger()).toEqual(nameless);
    await vi.advanceTimersByTimeAsync(SAVE_DELAY_MS);
    expect(api.saves.map(({ change }) => change)).toEqual([{ trigger: nameless }]);
    expect(autosave.waits()).toBe(false);
  });

  it('has the change that was kept back again when the pipeline is opened again', async () => {
    hold();
    autosave.hold();
    expect(await open()).toBe(true);
    expect(document.held()).toEqual(nameless);
    expect(document.trigger()).toEqual(readTrigger(HOURLY));
  });

  it('drops it with everything else when the pipeline is shown as it is stored', async () => {
    hold();
    await autosave.takeTheirs();
    expect(document.held()).toBeNull();
    expect(autosave.waits()).toBe(false);
  });
});
