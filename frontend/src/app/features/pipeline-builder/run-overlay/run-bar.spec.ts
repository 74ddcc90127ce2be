import { signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { provideRouter } from '@angular/router';
import type { RunProgress } from '@core/runs/run-progress';
import { NOT_STARTED, startRun } from '@core/runs/run-progress';
import type { AnsweringPrices } from '@shared/symbol-picker/answering-prices';
import { SYMBOL_SEARCH } from '@shared/symbol-picker/symbol-search';
import { IMPORTED } from '@shared/symbol-picker/testing';
import { EditorStore } from '../state/editor-store';
import { PipelineDocument } from '../state/pipeline-document';
import { ProblemList } from '../state/problem-list';
import { RunFreshness } from '../state/run-freshness';
import { RunSession } from '../state/run-session';
import { RunStore } from '../state/run-store';
import { RunBar } from './run-bar';

const STARTED = startRun('run-1', ['data', 'bias'], 'AAPL', '2026-11-21T12:00:00Z');
const RUNNING: RunProgress = {
  ...STARTED,
  status: 'running',
  cost: '0.0031',
  nodes: { data: { ...NOT_STARTED, status: 'succeeded' }, bias: NOT_STARTED },
};
const OVER: RunProgress = {
  ...RUNNING,
  status: 'succeeded',
  outcome: 'Bought 42 AAPL at 150.50.',
  finishedAt: '2026-11-21T12:01:05Z',
};

describe('the bar that runs a pipeline', () => {
  const view = signal<RunProgress | null>(null);
  const [busy, paused, blocked] = [signal(false), signal(false), signal(false)];
  const [inHistory, asOf, label] = [signal(false), signal(''), signal('')];
  const hindrance = signal('');
  const refusal = signal<object | null>(null);
  const answering = signal<AnsweringPrices | null>(null);
  let did: unknown[];
  let session: { leadsOn: boolean };

  async function shown() {
    const say = (what: string) => () => void did.push(what);
    const useMoment = (moment: string) => void did.push(moment);
    const run = (byKey: boolean) => void did.push(byKey ? 'run by key' : 'run');
    session = { leadsOn: false };
    Object.assign(session, { symbol: () => 'AAPL', answering, hindrance });
    Object.assign(session, { busy, blocked, inHistory, asOf, refusal, useMoment, run });
    Object.assign(session, { openActive: say('open'), showNextProblem: say('problem') });
    Object.assign(session, { dismiss: say('dismiss') });
    const runs = { view, paused, active: busy, stopping: () => false, record: () => null };
    TestBed.configureTestingModule({
      providers: [
        provideRouter([]),
        { provide: EditorStore, useValue: { nodes: () => [{ id: 'data' }, { id: 'bias' }] } },
        { provide: PipelineDocument, useValue: { facts: () => null } },
        { provide: ProblemList, useValue: { count: () => 2 } },
        { provide: RunFreshness, useValue: { label } },
        { provide: RunSession, useValue: session },
        {
          provide: RunStore,
          useValue: { ...runs, stop: say('stop') },
        },
        { provide: SYMBOL_SEARCH, useValue: () => Promise.resolve([]) },
      ],
    });
    const fixture = TestBed.createComponent(RunBar);
    const page = fixture.nativeElement as HTMLElement;
    document.body.append(page);
    await fixture.whenStable();
    const button = (name: string) =>
      [...page.querySelectorAll('button')].find((it) => it.textContent.trim().endsWith(name));
    const words = (of: string) =>
      page.querySelector(of)?.textContent.replaceAll(/\s+/g, ' ').trim() ?? null;
    return { page, button, words, settle: () => fixture.whenStable() };
  }

  beforeEach(() => {
    vi.stubGlobal(
      'ResizeObserver',
      class {
        constructor(private readonly told: () => void) {}
        observe = () => this.told();
        disconnect = () => undefined;
      },
    );
    did = [];
    for (const it of [busy, paused, blocked, inHistory]) it.set(false);
    view.set(null);
    refusal.set(null);
    hindrance.set('');
    answering.set(null);
    label.set('');
  });

  afterEach(() => vi.unstubAllGlobals());

  it('runs, and knows a key from a click', async () => {
    const { button } = await shown();
    button('Run')!.dispatchEvent(new MouseEvent('click', { detail: 1 }));
    button('Run')!.dispatchEvent(new MouseEvent('click', { detail: 0 }));
    expect(did).toEqual(['run', 'run by key']);
  });

  it('tells how high it stands, so that messages stand above it, until it is gone', async () => {
    const bar = { top: window.innerHeight - 56 } as DOMRect;
    vi.spyOn(HTMLElement.prototype, 'getBoundingClientRect').mockReturnValue(bar);
    const under = () => document.documentElement.style.getPropertyValue('--k-under-messages');
    await shown();
    expect(under()).toBe('56px');
    vi.restoreAllMocks();
    TestBed.resetTestingModule();
    expect(under()).toBe('');
  });

  it('does not run what cannot be run', async () => {
    hindrance.set('This is in the future.');
    const { button } = await shown();
    expect(button('Run')!.disabled).toBe(true);
  });

  it('keeps the place of the mode before it is known, so that nothing moves when it comes', async () => {
    const { page } = await shown();
    expect(page.querySelector('.bar > .mode')?.children).toHaveLength(0);
  });

  it('leads to the problems in place of running', async () => {
    blocked.set(true);
    const { button } = await shown();
    expect(button('Run')).toBeUndefined();
    button('2 problems')!.click();
    expect(did).toEqual(['problem']);
  });

  it('says how far the run is, and stops it', async () => {
    busy.set(true);
    const { page, button, words, settle } = await shown();
    expect(words('.going')).toBe('Starting');
    expect(button('Stop')!.disabled).toBe(true);
    view.set(RUNNING);
    await settle();
    expect(words('.going')).toMatch(/^1 of 2 nodes.+\$0\.0031$/);
    expect(page.querySelector('select')!.disabled).toBe(true);
    button('Stop')!.click();
    expect(did).toEqual(['stop']);
  });

  it('names the symbol of a run that is on another one than is chosen', async () => {
    busy.set(true);
    view.set({ ...RUNNING, symbol: 'MSFT' });
    expect((await shown()).words('.going b')).toBe('MSFT');
    TestBed.resetTestingModule();
    view.set(RUNNING);
    expect((await shown()).words('.going b')).toBeNull();
  });

  it('says what came of it, leads to the run, and takes it off', async () => {
    view.set(OVER);
    const { page, button, words } = await shown();
    expect(words('.decided')).toBe('Bought 42 AAPL at 150.50');
    expect(words('.figures')).toBe('AAPL · 1 min 5 s · $0.0031');
    expect(page.querySelector('.result a')?.getAttribute('href')).toBe('/runs/run-1');
    expect(button('Run')).toBeDefined();
    page.querySelector<HTMLElement>('[aria-label="Take the run off the canvas"]')!.click();
    expect(did).toEqual(['dismiss']);
  });

  it('offers the rest of a reason only where a few lines are too short for it', async () => {
    const height = vi.spyOn(HTMLElement.prototype, 'scrollHeight', 'get').mockReturnValue(60);
    vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(60);
    view.set({ ...OVER, outcome: 'No trade: hold AAPL. The fast average is above the slow one.' });
    const { button, settle, words } = await shown();
    await settle();
    expect(words('.reasons')).toBe('The fast average is above the slow one.');
    expect(button('More')).toBeUndefined();
    height.mockReturnValue(80);
    view.set({ ...OVER, executionId: 'run-2', outcome: 'No trade: hold AAPL. Much more is said.' });
    await settle();
    const more = button('More')!;
    more.click();
    await settle();
    expect(button('Less')?.getAttribute('aria-expanded')).toBe('true');
    vi.restoreAllMocks();
  });

  it('says of which version a result is once the graph has changed since', async () => {
    view.set(OVER);
    label.set('of version 8');
    const { page, words } = await shown();
    expect(words('.version')).toMatch(/of version 8$/);
    expect(page.querySelector('.stale')).not.toBeNull();
  });

  it('leads the keyboard to the result of a run that a key started, once', async () => {
    const { page, settle } = await shown();
    view.set(OVER);
    await settle();
    const link = () => page.querySelector('.result a');
    expect([link() === null, document.activeElement === link()]).toEqual([false, false]);
    view.set(RUNNING);
    session.leadsOn = true;
    await settle();
    view.set(OVER);
    await settle();
    expect([document.activeElement === link(), session.leadsOn]).toEqual([true, false]);
  });

  it('says until when a paused run waits, and can start another', async () => {
    paused.set(true);
    view.set({ ...RUNNING, status: 'waiting', waitsFor: 'trigger', outcome: 'Not yet time.' });
    const { button, words } = await shown();
    expect(words('.waits')).toMatch(/^AAPL paused\. .*Not yet time/);
    expect([button('Stop'), button('Run')].every(Boolean)).toBe(true);
  });

  it('says why it did not start, and leads to the run in its way', async () => {
    refusal.set({ text: 'It runs already.', activeRun: 'run-0' });
    const { page, button } = await shown();
    expect(page.querySelector('[role=alert]')?.textContent).toContain('It runs already.');
    button('Open the active run')!.click();
    expect(did).toEqual(['open']);
    page.querySelector<HTMLElement>('[aria-label=Dismiss]')!.click();
    expect(refusal()).toBeNull();
  });

  it('says before a run that its prices have ended, and goes to their end', async () => {
    answering.set({
      symbol: 'AAPL',
      prices: { ...IMPORTED, ended: true },
      asOf: null,
      other: null,
    });
    const { words, button } = await shown();
    expect(words('k-prices-read')).toContain('Your prices of AAPL end on 3 Nov 2020.');
    button('Set As of to then')!.click();
    expect(did).toEqual([IMPORTED.last_at]);
  });

  it('asks for the moment only when a date in history is chosen', async () => {
    const { page, settle } = await shown();
    const when = page.querySelector('select')!;
    const choose = async (value: string) => {
      when.value = value;
      when.dispatchEvent(new Event('change'));
      await settle();
    };
    const moment = () => page.querySelector<HTMLInputElement>('.moment');
    expect(moment()).toBeNull();
    await choose('history');
    moment()!.value = '2013-03-01T16:00';
    moment()!.dispatchEvent(new Event('change'));
    expect(asOf()).toBe('2013-03-01T16:00');
    await choose('now');
    expect(moment()).toBeNull();
  });
});
