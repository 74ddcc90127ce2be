import {
  createEnvironmentInjector,
  EnvironmentInjector,
  runInInjectionContext,
} from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { type Event as RouterEvent, NavigationEnd, NavigationStart, Router } from '@angular/router';
import { Subject } from 'rxjs';
import { keptList } from './kept-list';
import { KeptPlaces } from './kept-places';

const settle = async () => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
};

describe('a list that is come back to', () => {
  let events: Subject<RouterEvent>;
  let entry: number;
  let id: number;
  let main: HTMLElement;
  let fetches: (string | null)[];
  let names: string[];

  const fetch = (_query: string, cursor: string | null) => {
    fetches.push(cursor);
    const first = cursor ? 2 : 0;
    return Promise.resolve({
      items: names.slice(first, first + 2),
      next_cursor: cursor ? null : 'second',
    });
  };
  /** Opens the page of the list; gives it and the way to leave it. */
  const open = () => {
    const injector = createEnvironmentInjector([], TestBed.inject(EnvironmentInjector));
    const list = runInInjectionContext(injector, () => keptList('letters', fetch));
    return { list, leave: () => injector.destroy() };
  };
  const go = (url: string, back?: number): (() => void) => {
    id += 1;
    const trigger = back === undefined ? 'imperative' : 'popstate';
    const state = back === undefined ? null : { navigationId: back };
    events.next(new NavigationStart(id, url, trigger, state));
    return () => {
      events.next(new NavigationEnd(id, url, url));
      entry = id;
    };
  };

  beforeEach(() => {
    [entry, id, fetches, names] = [0, 0, [], ['a', 'b', 'c', 'd']];
    events = new Subject();
    TestBed.configureTestingModule({ providers: [{ provide: Router, useValue: { events } }] });
    main = document.createElement('main');
    main.scrollTo = ((to: ScrollToOptions) => (main.scrollTop = to.top ?? 0)) as never;
    TestBed.inject(KeptPlaces).scrollIn(main);
  });

  const leaveScrolled = async () => {
    go('/letters')();
    const here = entry;
    const { list, leave } = open();
    await list.load('all');
    await list.more();
    main.scrollTop = 700;
    const arrive = go('/letters/c');
    leave();
    arrive();
    expect(main.scrollTop).toBe(0);
    return here;
  };

  it('has its pages and its place at once, and is then brought up to date', async () => {
    const here = await leaveScrolled();
    names = ['new', 'a', 'b', 'c', 'd'];
    fetches = [];
    const arrive = go('/letters', here);
    const { list } = open();
    void list.load('all');
    expect(list.items()).toEqual(['a', 'b', 'c', 'd']);
    arrive();
    await new Promise((resolve) => requestAnimationFrame(resolve));
    expect(main.scrollTop).toBe(700);
    await settle();
    expect(fetches).toEqual([null, 'second']);
    expect(list.items()).toEqual(['new', 'a', 'b', 'c']);
  });

  it('has its pages where it is made after the navigation has ended, as in a nested outlet', async () => {
    const here = await leaveScrolled();
    go('/letters', here)();
    const { list, leave } = open();
    void list.load('all');
    expect(list.items()).toEqual(['a', 'b', 'c', 'd']);
    await settle();
    const arrive = go('/letters');
    leave();
    arrive();
    const { list: anew } = open();
    await anew.load('all');
    expect(anew.items()).toEqual(['a', 'b']);
  });

  it('begins anew when it is opened by a link', async () => {
    await leaveScrolled();
    const arrive = go('/letters');
    const { list } = open();
    arrive();
    await list.load('all');
    expect(list.items()).toEqual(['a', 'b']);
    expect(main.scrollTop).toBe(0);
  });

  it('begins anew for another query', async () => {
    const here = await leaveScrolled();
    go('/letters', here);
    const { list } = open();
    await list.load('other');
    expect(list.items()).toEqual(['a', 'b']);
  });

  it('keeps what is on show when it cannot be brought up to date, and says so', async () => {
    const here = await leaveScrolled();
    go('/letters', here);
    const { list } = open();
    names = null as never;
    await list.load('all');
    expect(list.items()).toEqual(['a', 'b', 'c', 'd']);
    expect(list.error()).not.toBeNull();
  });

  it('begins anew where the number of the entry means another page, as after a reload', async () => {
    const here = await leaveScrolled();
    const arrive = go('/runs', here);
    const { list } = open();
    arrive();
    await list.load('all');
    expect(list.items()).toEqual(['a', 'b']);
    await new Promise((resolve) => requestAnimationFrame(resolve));
    expect(main.scrollTop).toBe(0);
  });

  it('does not pull back who scrolls by hand', async () => {
    const here = await leaveScrolled();
    main.scrollTo = () => undefined;
    go('/letters', here)();
    window.dispatchEvent(new Event('wheel'));
    main.scrollTo = ((to: ScrollToOptions) => (main.scrollTop = to.top ?? 0)) as never;
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    expect(main.scrollTop).toBe(0);
  });
});
