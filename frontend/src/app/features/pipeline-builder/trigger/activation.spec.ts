import { signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { readTrigger, type Start } from '../domain/trigger';
import { Publishing } from '../publish/publishing';
import { EditorApi } from '../state/editor-api';
import { PipelineDocument } from '../state/pipeline-document';
import { ProblemList } from '../state/problem-list';
import { Publication } from '../state/publication';
import { StartSwitch } from '../state/start-switch';
import { Activation } from './activation';

const HOURLY = readTrigger({ kind: 'periodic', every_minutes: 60, symbols: ['AAPL'] });
const ON_NOTHING = readTrigger({ kind: 'periodic', every_minutes: 60, symbols: [] });
const ON_SIGNALS = readTrigger({ kind: 'signal' });
const OFF = {
  id: 'p',
  revision: 4,
  publishedTrigger: HOURLY as Start | null,
  nextRunAt: null as string | null,
  lastSkip: null as { at: string; reason: string; detail: string } | null,
};

describe('the switch by which a pipeline starts by itself', () => {
  const facts = signal(OFF);
  const trigger = signal<Start>(HOURLY);
  const [active, busy, differs] = [signal(false), signal(false), signal(false)];
  const problems = signal(0);
  let turned: boolean[];
  let adopted: object[];
  let loaded: number;
  let answer: { revision: number };

  async function shown() {
    const load = () => {
      loaded += 1;
      return Promise.resolve(answer);
    };
    TestBed.configureTestingModule({
      providers: [
        { provide: EditorApi, useValue: { load } },
        {
          provide: PipelineDocument,
          useValue: { facts, trigger, adopt: (it: object) => adopted.push(it) },
        },
        { provide: ProblemList, useValue: { count: problems } },
        { provide: Publication, useValue: { differs, version: () => 2 } },
        { provide: Publishing, useValue: { turn: (on: boolean) => turned.push(on) } },
        { provide: StartSwitch, useValue: { active, busy, problem: () => null } },
      ],
    });
    const fixture = TestBed.createComponent(Activation);
    await fixture.whenStable();
    const page = fixture.nativeElement as HTMLElement;
    const words = () => page.textContent.replaceAll(/\s+/g, ' ').trim();
    const toggle = page.querySelector<HTMLButtonElement>('[role=switch]')!;
    return { page, words, toggle, settle: () => fixture.whenStable() };
  }

  beforeEach(() => {
    [turned, adopted, loaded, answer] = [[], [], 0, { revision: 4 }];
    facts.set(OFF);
    trigger.set(HOURLY);
    problems.set(0);
    for (const it of [active, busy, differs]) it.set(false);
  });

  it('says what is missing, and cannot be switched on until then', async () => {
    trigger.set(ON_NOTHING);
    const { words, toggle } = await shown();
    expect(words()).toBe('Switched off Name at least one symbol.');
    expect(toggle.disabled).toBe(true);
  });

  it('can be switched off even while something is missing in the draft', async () => {
    active.set(true);
    trigger.set(ON_NOTHING);
    const { toggle } = await shown();
    expect(toggle.disabled).toBe(false);
    toggle.click();
    expect(turned).toEqual([false]);
  });

  it('shows what is so, and not what was asked for', async () => {
    const { words, toggle, settle } = await shown();
    toggle.click();
    await settle();
    expect([turned, toggle.getAttribute('aria-checked')]).toEqual([[true], 'false']);
    expect(words()).toContain('Switched off');
  });

  it('says that switching on publishes, if there is something to publish', async () => {
    expect((await shown()).words()).toContain('Switch it on, and it starts by itself.');
    TestBed.resetTestingModule();
    differs.set(true);
    expect((await shown()).words()).toContain('it is published and starts by itself.');
  });

  it('does not promise to publish a draft that has problems', async () => {
    differs.set(true);
    problems.set(2);
    expect((await shown()).words()).toBe(
      'Switched off The draft has 2 problems: it cannot be published as it is.',
    );
  });

  it('says which version runs while there is a draft', async () => {
    active.set(true);
    expect((await shown()).words()).not.toContain('draft');
    TestBed.resetTestingModule();
    differs.set(true);
    expect((await shown()).words()).toContain('Runs version 2, not this draft.');
  });

  it('says when it runs next, or that it waits for signals', async () => {
    active.set(true);
    facts.set({ ...OFF, nextRunAt: '2009-05-14T12:00:00Z' });
    expect((await shown()).words()).toMatch(/^Active Next run 14 May 2009/);
    TestBed.resetTestingModule();
    facts.set({ ...OFF, publishedTrigger: ON_SIGNALS });
    expect((await shown()).words()).toBe('Active Waits for signals.');
  });

  it('says of a continuous one under way that it starts again after its run', async () => {
    active.set(true);
    const publishedTrigger = readTrigger({ kind: 'periodic', continuous: true });
    facts.set({ ...OFF, publishedTrigger, nextRunAt: '2009-05-14T12:00:00Z' });
    expect((await shown()).words()).toBe('Active Starts again when its run has ended.');
    TestBed.resetTestingModule();
    facts.set({ ...OFF, publishedTrigger, nextRunAt: '2199-05-14T12:00:00Z' });
    expect((await shown()).words()).toContain('Next run');
  });

  it('says why it did not run the last time', async () => {
    const lastSkip = { at: '2009-05-14T12:00:00Z', reason: 'over_budget', detail: '' };
    facts.set({ ...OFF, lastSkip });
    const words = async () => (await shown()).page.querySelector('.skip')!.textContent.trim();
    expect(await words()).toBe('14 May 2009 over_budget');
    TestBed.resetTestingModule();
    facts.set({ ...OFF, lastSkip: { ...lastSkip, detail: 'The budget is spent.' } });
    expect(await words()).toBe('14 May 2009 The budget is spent.');
  });

  describe('which looks every ten seconds', () => {
    beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
    afterEach(() => vi.useRealTimers());
    const wait = () => vi.advanceTimersByTimeAsync(10_000);

    it('takes over what the server says of it while it is active', async () => {
      active.set(true);
      await shown();
      await wait();
      expect(adopted).toEqual([{ revision: 4 }]);
    });

    it('leaves to others what somebody changed elsewhere', async () => {
      active.set(true);
      answer = { revision: 5 };
      await shown();
      await wait();
      expect([loaded, adopted]).toEqual([1, []]);
    });

    it('asks nothing while it is off or being switched', async () => {
      await shown();
      await wait();
      active.set(true);
      busy.set(true);
      await wait();
      expect(loaded).toBe(0);
    });
  });
});
