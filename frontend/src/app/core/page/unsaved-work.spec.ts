import { signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { Session } from '@core/auth/session';
import { UnsavedWork } from './unsaved-work';

describe('unsaved work', () => {
  const loggedIn = signal(true);
  const ended = signal(false);
  let unsaved: UnsavedWork;
  let asked: number;

  beforeEach(() => {
    loggedIn.set(true);
    ended.set(false);
    asked = 0;
    TestBed.configureTestingModule({
      providers: [{ provide: Session, useValue: { loggedIn, ended } }],
    });
    unsaved = TestBed.inject(UnsavedWork);
  });
  afterEach(() => vi.useRealTimers());

  const watch = (answer: boolean, settle?: () => Promise<boolean>, waits = () => true) =>
    TestBed.runInInjectionContext(() =>
      unsaved.watch({
        waits,
        ...(settle && { settle }),
        ask: () => {
          asked += 1;
          return Promise.resolve(answer);
        },
      }),
    );

  it('lets go when nothing waits', async () => {
    watch(false, undefined, () => false);
    expect(await unsaved.mayLeave()).toBe(true);
    expect(asked).toBe(0);
  });

  it('stores what can be stored without asking', async () => {
    watch(false, () => Promise.resolve(true));
    expect(await unsaved.mayLeave()).toBe(true);
    expect(asked).toBe(0);
  });

  it('asks when it cannot be stored, and does what is answered', async () => {
    watch(false, () => Promise.resolve(false));
    expect(await unsaved.mayLeave()).toBe(false);
    expect(asked).toBe(1);
  });

  it('asks when storing takes too long', async () => {
    vi.useFakeTimers();
    watch(true, () => new Promise(() => undefined));
    const leaving = unsaved.mayLeave();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await leaving).toBe(true);
    expect(asked).toBe(1);
  });

  it('does not ask whose session has ended', async () => {
    watch(false);
    loggedIn.set(false);
    expect(await unsaved.mayLeave()).toBe(true);
    expect(asked).toBe(0);
  });

  it('holds what waits when the session ends, and nothing else', () => {
    const held: string[] = [];
    const work = (name: string, waits: boolean) => ({
      waits: () => waits,
      hold: () => held.push(name),
      ask: () => Promise.resolve(true),
    });
    TestBed.runInInjectionContext(() => {
      unsaved.watch(work('changed', true));
      unsaved.watch(work('untouched', false));
    });
    TestBed.tick();
    expect(held).toEqual([]);
    loggedIn.set(false);
    ended.set(true);
    TestBed.tick();
    expect(held).toEqual(['changed']);
  });

  it('warns before the tab is closed, only while something waits', () => {
    const waits = signal(true);
    watch(false, undefined, waits);
    const closing = () => {
      const event = new Event('beforeunload', { cancelable: true });
      window.dispatchEvent(event);
      return event.defaultPrevented;
    };
    expect(closing()).toBe(true);
    waits.set(false);
    expect(closing()).toBe(false);
  });
});
