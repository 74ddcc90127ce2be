import { signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { HeldDrafts } from '@core/page/held-drafts';
import { SAVE_DELAY_MS } from './autosave';
import { type Draft } from './content';
import { anotherEditor, editOver, FakeApi, problem, serverOf, settled } from './testing';

/** Nothing can be saved; what is stored can be read. */
const AWAY = problem(503, 'unavailable');

describe('an editor that is left with a change', () => {
  let [api, other]: [FakeApi, FakeApi] = [new FakeApi(), new FakeApi('q')];
  let first: ReturnType<typeof anotherEditor>;
  const owner = signal<string | null>('ann');
  const loggedIn = signal(true);

  beforeEach(async () => {
    vi.useFakeTimers();
    sessionStorage.clear();
    owner.set('ann');
    loggedIn.set(true);
    [api, other] = [new FakeApi(), new FakeApi('q')];
    editOver(serverOf(api, other), { owner, loggedIn });
    first = anotherEditor();
    await first.open('p');
  });
  afterEach(() => vi.useRealTimers());

  const pause = (ms = SAVE_DELAY_MS) => vi.advanceTimersByTimeAsync(ms);
  const draft = () => TestBed.inject(HeldDrafts).read<Draft>('p');
  const reopen = async () => {
    const editor = anotherEditor();
    const found = await settled(editor.open('p'));
    return { ...editor, found };
  };
  const states = (editor: { readonly autosave: { readonly state: () => string } }) =>
    editor.autosave.state();

  it('saves a change that was made right before', async () => {
    first.rename('A');
    first.leave();
    await pause(0);
    expect(api.name).toBe('A');
    expect(draft()).toBeNull();
  });

  it('saves what was changed while a save was under way', async () => {
    api.delay = 3_000;
    first.rename('A');
    await pause();
    first.rename('A too');
    first.leave();
    await pause(6_000);
    expect(api.saves.map(({ revision }) => revision)).toEqual([1, 2]);
    expect([api.name, draft()]).toEqual(['A too', null]);
  });

  it('tries nothing again, and leaves what could not be saved held', async () => {
    api.failure = AWAY;
    first.rename('A');
    await pause();
    first.leave();
    api.failure = null;
    window.dispatchEvent(new Event('online'));
    await pause(120_000);
    expect(api.saves).toEqual([]);
    expect(draft()?.name).toBe('A');
  });

  it('tries a change that was not tried once, and then leaves it held', async () => {
    api.failure = AWAY;
    first.rename('A');
    first.leave();
    await pause(0);
    api.failure = null;
    await pause(120_000);
    expect(api.saves).toEqual([]);
    expect(draft()?.name).toBe('A');
  });

  it('leaves the saving to the one that is open next', async () => {
    api.failure = AWAY;
    first.rename('First edit');
    await pause();
    first.leave();
    const second = await reopen();
    expect([second.found, second.document.name()]).toEqual([true, 'First edit']);
    second.rename('Second edit');
    await pause(6_000);
    api.failure = null;
    await pause(60_000);
    expect(api.saves).toHaveLength(1);
    expect(api.name).toBe('Second edit');
    expect(states(second)).toBe('saved');
    expect(draft()).toBeNull();
  });

  it('does not store what is taken back in the one that is open next', async () => {
    api.failure = AWAY;
    first.rename('First edit');
    await pause();
    first.leave();
    const second = await reopen();
    await pause();
    second.rename('First');
    await pause(5_000);
    api.failure = null;
    await pause(60_000);
    expect(api.saves).toEqual([]);
    expect([api.name, states(second), draft()]).toEqual(['First', 'saved', null]);
  });

  it('is waited for while a save is under way, whose revision is gone on from', async () => {
    api.delay = 3_000;
    first.rename('A');
    await pause();
    first.leave();
    const second = await reopen();
    expect(second.found).toBe(false);
    expect(second.document.facts()?.revision).toBe(2);
    api.delay = 0;
    second.rename('B');
    await pause();
    expect([api.name, states(second)]).toEqual(['B', 'saved']);
  });

  it('is waited for until its save has failed, and gone on with then', async () => {
    api.delay = 3_000;
    first.rename('A');
    await pause();
    first.leave();
    api.failure = AWAY;
    const opening = reopen();
    await pause(3_000);
    api.failure = null;
    const second = await opening;
    expect([second.found, second.document.name()]).toEqual([true, 'A']);
    await pause(10_000);
    expect([api.name, states(second)]).toEqual(['A', 'saved']);
  });

  it('makes no conflict with itself when the answer to its save was lost', async () => {
    api.answersLost = true;
    first.rename('A');
    await pause();
    api.failure = AWAY;
    first.rename('A too');
    await pause();
    first.leave();
    [api.failure, api.answersLost] = [null, false];
    const second = await reopen();
    expect(second.document.name()).toBe('A too');
    await pause();
    expect([api.name, states(second)]).toEqual(['A too', 'saved']);
  });

  it('makes none either when the tab was loaded anew before the answer', async () => {
    api.delay = 3_000;
    first.rename('A');
    await pause();
    first.rename('A too');
    window.dispatchEvent(new Event('pagehide'));
    const held = { ...sessionStorage };
    await pause(6_000);
    [api.revision, api.name, api.delay] = [2, 'A', 0];
    for (const [key, text] of Object.entries(held)) sessionStorage.setItem(key, String(text));
    const second = await reopen();
    expect(second.document.name()).toBe('A too');
    await pause();
    expect([api.name, states(second)]).toEqual(['A too', 'saved']);
  });

  it('still minds what somebody else saved since', async () => {
    api.failure = AWAY;
    first.rename('A');
    await pause();
    first.leave();
    [api.failure, api.revision, api.name] = [null, 5, 'Theirs'];
    const second = await reopen();
    await pause();
    expect([api.name, states(second)]).toEqual(['Theirs', 'conflict']);
  });

  it('holds up no other pipeline', async () => {
    api.delay = 60_000;
    first.rename('A');
    await pause();
    first.leave();
    const second = anotherEditor();
    await second.open('q');
    second.rename('Q');
    await pause();
    expect([other.name, api.name]).toEqual(['Q', 'First']);
  });

  it('is not opened after all once another one is wanted', async () => {
    api.delay = 3_000;
    first.rename('A');
    await pause();
    first.leave();
    const second = anotherEditor();
    const opening = second.open('p');
    await second.open('q');
    await settled(opening);
    expect(second.document.facts()?.id).toBe('q');
  });

  it('sends and holds nothing any more once it is dropped by a log-out', async () => {
    api.failure = AWAY;
    first.rename('A');
    await pause();
    first.autosave.drop();
    TestBed.inject(HeldDrafts).clear();
    api.failure = null;
    window.dispatchEvent(new Event('online'));
    window.dispatchEvent(new Event('pagehide'));
    await pause(60_000);
    expect(await first.autosave.flush()).toBe(false);
    loggedIn.set(false);
    owner.set(null);
    first.leave();
    loggedIn.set(true);
    owner.set('ann');
    await pause(60_000);
    expect([api.saves, draft()]).toEqual([[], null]);
  });

  it('does not give what it cannot save any more to the next one who logs in', async () => {
    api.delay = 3_000;
    first.rename('A');
    await pause();
    loggedIn.set(false);
    first.leave();
    loggedIn.set(true);
    owner.set('bob');
    api.failure = problem(401, 'unauthenticated');
    await pause(60_000);
    expect(draft()).toBeNull();
    owner.set('ann');
    expect(draft()?.name).toBe('A');
  });
});
