import { signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { NavigationEnd, NavigationSkipped, Router, type Event } from '@angular/router';
import { ProblemError, serverAway } from '@core/http/problem-error';
import { Reachability } from '@core/http/reachability';
import { Subject } from 'rxjs';
import { NavigationTrouble } from './navigation-trouble';
import { PAGE_LOADER } from './page-loader';
import { UnsavedWork } from './unsaved-work';

const GONE = new TypeError('Failed to fetch dynamically imported module: /chunk-A.js');

describe('a page that cannot be opened', () => {
  const recoveries = signal(0);
  let reachable: boolean;
  let unsaved: boolean;
  let loaded: string[];
  let opened: string[];
  let events: Subject<Event>;
  let trouble: NavigationTrouble;

  beforeEach(() => {
    sessionStorage.clear();
    [reachable, unsaved, loaded, opened] = [true, false, [], []];
    events = new Subject();
    const router = {
      events,
      url: '/',
      navigateByUrl: (url: string) => Promise.resolve(opened.push(url) > 0),
    };
    const reachability = {
      recoveries,
      check: () => Promise.resolve(reachable),
      missed: (status: number) => Promise.resolve(status === 0 || (status === 503 && !reachable)),
    };
    TestBed.configureTestingModule({
      providers: [
        { provide: Router, useValue: router },
        { provide: Reachability, useValue: reachability },
        { provide: UnsavedWork, useValue: { any: () => unsaved } },
        { provide: PAGE_LOADER, useValue: (url: string) => loaded.push(url) },
      ],
    });
    trouble = TestBed.inject(NavigationTrouble);
    TestBed.runInInjectionContext(() => trouble.watch());
    TestBed.tick();
  });

  it('loads anew by itself after an upgrade', async () => {
    await trouble.take('/runs', GONE);
    expect(loaded).toEqual(['/runs']);
    expect(trouble.shown()).toBeNull();
  });

  it('asks for it when something would be lost', async () => {
    unsaved = true;
    await trouble.take('/runs', GONE);
    expect(loaded).toEqual([]);
    expect(trouble.shown()).toEqual({ kind: 'updated', url: '/runs' });
    trouble.retry();
    expect(loaded).toEqual(['/runs']);
  });

  it('does not load anew over and over', async () => {
    await trouble.take('/runs', GONE);
    await trouble.take('/runs', GONE);
    expect(loaded).toEqual(['/runs']);
    expect(trouble.shown()?.kind).toBe('updated');
  });

  it('waits for a server that is away, and opens the page once it is back', async () => {
    reachable = false;
    await trouble.take('/runs', GONE);
    expect(trouble.shown()).toEqual({ kind: 'away', url: '/runs' });
    recoveries.update((count) => count + 1);
    TestBed.tick();
    expect(opened).toEqual(['/runs']);
    events.next(new NavigationEnd(1, '/runs', '/runs'));
    expect(trouble.shown()).toBeNull();
  });

  it('is over when the page that is open already is gone to', async () => {
    await trouble.take('/runs', serverAway());
    expect(trouble.shown()).not.toBeNull();
    events.next(new NavigationSkipped(2, '/', 'The same address.'));
    expect(trouble.shown()).toBeNull();
  });

  it('is not shown over a page that was opened meanwhile', async () => {
    reachable = false;
    const taking = trouble.take('/runs', GONE);
    events.next(new NavigationEnd(1, '/signals', '/signals'));
    await taking;
    expect(trouble.shown()).toBeNull();
  });

  it('is tried again by hand when the server only could not do it', async () => {
    const unable = new ProblemError({ title: 'No', status: 503, code: 'x', detail: '' });
    await trouble.take('/runs', unable);
    expect(trouble.shown()?.kind).toBe('refused');
    trouble.retry();
    expect(opened).toEqual(['/runs']);
    reachable = false;
    await trouble.take('/runs', unable);
    expect(trouble.shown()?.kind).toBe('away');
  });

  it('tells a server that is away from a page that is broken', async () => {
    await trouble.take('/a', serverAway());
    expect(trouble.shown()?.kind).toBe('away');
    await trouble.take('/b', new Error('x is undefined'));
    expect(trouble.shown()?.kind).toBe('broken');
    const refused = new ProblemError({ title: 'No', status: 404, code: 'x', detail: '' });
    await trouble.take('/c', refused);
    expect(trouble.shown()?.kind).toBe('broken');
  });
});
