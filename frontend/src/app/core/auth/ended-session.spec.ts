import { HttpClient, HttpContext, provideHttpClient, withInterceptors } from '@angular/common/http';
import { HttpTestingController, provideHttpClientTesting } from '@angular/common/http/testing';
import { TestBed } from '@angular/core/testing';
import { Router } from '@angular/router';
import { provideHeyApiClient } from '@core/api/client/client.gen';
import { client } from '@core/api/client.gen';
import { authInterceptor, ENDS_AT_LOG_OUT } from '@core/http/auth-interceptor';
import { toProblemError } from '@core/http/problem-error';
import { HeldDrafts } from '@core/page/held-drafts';
import { KeptPlaces } from '@core/page/kept-places';
import { UnsavedWork } from '@core/page/unsaved-work';
import { SOCKET_FACTORY } from '@core/socket/socket-factory';
import { Departure } from './departure';
import { Session } from './session';

const EXPIRED = { title: 'Expired', status: 401, code: 'token_expired', detail: 'Expired.' };
const USER = { id: 'ann', email: 'ann@example.com', role: 'user', tier: 'free' };

/** Lets everything that is waiting in promises happen. */
const settle = async () => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  TestBed.tick();
};

describe('a session that has ended', () => {
  let http: HttpTestingController;
  let session: Session;
  let navigations: unknown[][];
  let navigating: () => void;

  const logIn = async (token = 'first') => {
    const entering = session.logIn('ann@example.com', 'secret');
    await settle();
    http.expectOne('/api/v1/auth/login').flush({ access_token: token });
    await settle();
    http.expectOne('/api/v1/users/me').flush({ ...USER });
    await entering;
    TestBed.tick();
  };
  const call = (path: string) => {
    const outcome = { status: 0, done: false };
    TestBed.inject(HttpClient)
      .get(path)
      .subscribe({
        next: () => (outcome.done = true),
        error: (error: { status: number }) => (outcome.status = error.status),
      });
    return outcome;
  };
  const refuse = (path: string) =>
    http.expectOne(path).flush(EXPIRED, { status: 401, statusText: 'Unauthorized' });

  beforeEach(async () => {
    localStorage.clear();
    sessionStorage.clear();
    navigations = [];
    navigating = () => undefined;
    const router = {
      url: '/pipelines/p?symbol=AAPL',
      events: { subscribe: () => undefined },
      navigate: (...to: unknown[]) => {
        navigations.push(to);
        router.url = '/login?next=/pipelines/p';
        navigating();
        return Promise.resolve(true);
      },
    };
    TestBed.configureTestingModule({
      providers: [
        provideHttpClient(withInterceptors([authInterceptor])),
        provideHttpClientTesting(),
        provideHeyApiClient(client),
        { provide: Router, useValue: router },
        { provide: SOCKET_FACTORY, useValue: () => ({ close: () => undefined }) },
      ],
    });
    http = TestBed.inject(HttpTestingController);
    session = TestBed.inject(Session);
    TestBed.runInInjectionContext(() => TestBed.inject(Departure).watch());
    TestBed.tick();
    await logIn();
  });

  it('leads to the log-in page once, however many calls fail, and back to where one was', async () => {
    const outcomes = [call('/api/v1/a'), call('/api/v1/b'), call('/api/v1/c')];
    refuse('/api/v1/a');
    refuse('/api/v1/b');
    await settle();
    refuse('/api/v1/auth/refresh');
    await settle();
    refuse('/api/v1/c');
    await settle();
    expect(outcomes.map(({ status }) => status)).toEqual([401, 401, 401]);
    expect(session.ended()).toBe(true);
    expect(navigations).toEqual([
      [['/login'], { queryParams: { next: '/pipelines/p?symbol=AAPL' } }],
    ]);
  });

  it('is told from an expired token also where a file was asked for', async () => {
    let reason = '';
    TestBed.inject(HttpClient)
      .get('/api/v1/file', { responseType: 'blob' })
      .subscribe({ error: (error: unknown) => (reason = toProblemError(error).detail) });
    const answer = (problem: object, status: number) =>
      http
        .expectOne('/api/v1/file')
        .flush(new Blob([JSON.stringify(problem)]), { status, statusText: 'No' });
    answer(EXPIRED, 401);
    await vi.waitFor(() =>
      http.expectOne('/api/v1/auth/refresh').flush({ user_id: 'ann', access_token: 'second' }),
    );
    await vi.waitFor(() => answer({ ...EXPIRED, status: 503, detail: 'Not now.' }, 503));
    await vi.waitFor(() => expect(reason).toBe('Not now.'));
    expect(session.ended()).toBe(false);
  });

  it('goes on when the server did not say whether it has ended', async () => {
    const outcome = call('/api/v1/a');
    refuse('/api/v1/a');
    await settle();
    http.expectOne('/api/v1/auth/refresh').error(new ProgressEvent('error'));
    await settle();
    expect(session.loggedIn()).toBe(true);
    expect(navigations).toEqual([]);
    http.expectNone('/api/v1/a');
    expect(outcome.status).toBe(0);
  });

  describe('when another account has signed in in this browser', () => {
    const renewAs = async (userId: string) => {
      http
        .expectOne('/api/v1/auth/refresh')
        .flush({ user_id: userId, access_token: `token of ${userId}` });
      await settle();
    };

    it('takes no token of that account, sends nothing with it, and leads to the log-in page', async () => {
      const outcome = call('/api/v1/a');
      refuse('/api/v1/a');
      await settle();
      await renewAs('bob');
      expect(session.token()).toBeNull();
      expect([session.loggedIn(), session.endReason()]).toEqual([false, 'other_account']);
      http.expectNone('/api/v1/a');
      expect(outcome.status).toBe(401);
      expect(navigations).toHaveLength(1);
    });

    it('does not take the session of that account away, nor go on as it unasked', async () => {
      void session.renew();
      await settle();
      await renewAs('bob');
      expect(localStorage.getItem('kuber.session')).toBe('1');
      expect(await session.restore()).toBe(false);
      http.expectNone('/api/v1/auth/refresh');
      await logIn('again');
      expect([session.loggedIn(), session.endReason()]).toEqual([true, null]);
    });

    it('goes on with a new token of the same user', async () => {
      const outcome = call('/api/v1/a');
      refuse('/api/v1/a');
      await settle();
      await renewAs('ann');
      const repeated = http.expectOne('/api/v1/a');
      expect(repeated.request.headers.get('Authorization')).toBe('Bearer token of ann');
      repeated.flush({});
      expect([outcome.done, session.loggedIn()]).toEqual([true, true]);
    });

    it('takes nothing of a renewal that was asked for before somebody logged in here', async () => {
      const renewal = session.renew();
      await settle();
      const asked = http.expectOne('/api/v1/auth/refresh');
      await logOut();
      USER.id = 'bob';
      await logIn('of bob');
      USER.id = 'ann';
      asked.flush({ user_id: 'ann', access_token: 'of ann' });
      expect(await renewal).toBe('ended');
      expect([session.token(), session.owner()]).toEqual(['of bob', 'bob']);
    });
  });

  it('does not end the next one by an answer that comes late', async () => {
    const late = call('/api/v1/late');
    session.end();
    await settle();
    await logIn('second');
    refuse('/api/v1/late');
    const repeated = http.expectOne('/api/v1/late');
    expect(repeated.request.headers.get('Authorization')).toBe('Bearer second');
    repeated.flush({});
    expect(late.done).toBe(true);
    expect(session.loggedIn()).toBe(true);
  });

  it('keeps drafts for who made them, and a log-out drops them', async () => {
    const drafts = TestBed.inject(HeldDrafts);
    drafts.hold('p', { name: 'Mine' });
    session.end();
    expect(drafts.read('p')).toEqual({ name: 'Mine' });
    const leaving = TestBed.inject(Departure).logOut();
    await settle();
    http.expectOne('/api/v1/auth/logout').flush(null);
    await leaving;
    await logIn();
    expect(drafts.read('p')).toBeNull();
  });

  const logOut = async () => {
    const leaving = TestBed.inject(Departure).logOut();
    await settle();
    http.match('/api/v1/auth/logout').forEach((asked) => asked.flush(null));
    await leaving;
  };

  it('is not ended by a log-out that would lose something, unless that is agreed to', async () => {
    const asked: boolean[] = [];
    let agrees = false;
    const ask = (forGood: boolean) => {
      asked.push(forGood);
      return Promise.resolve(agrees);
    };
    TestBed.runInInjectionContext(() =>
      TestBed.inject(UnsavedWork).watch({ waits: () => true, ask }),
    );
    await logOut();
    expect(session.loggedIn()).toBe(true);
    agrees = true;
    await logOut();
    expect(session.loggedIn()).toBe(false);
    expect(asked).toEqual([true, true]);
  });

  it('gives up what waits before anything else is sent, once a log-out is agreed to', async () => {
    let dropped = 0;
    const drop = () => {
      http.expectNone('/api/v1/auth/logout');
      dropped += 1;
    };
    TestBed.runInInjectionContext(() =>
      TestBed.inject(UnsavedWork).watch({
        waits: () => dropped === 0,
        ask: () => Promise.resolve(true),
        drop,
      }),
    );
    await logOut();
    expect(dropped).toBe(1);
  });

  it('repeats no call of somebody who has logged out for the next one', async () => {
    const late = call('/api/v1/late');
    await logOut();
    USER.id = 'bob';
    await logIn('second');
    USER.id = 'ann';
    refuse('/api/v1/late');
    http.expectNone('/api/v1/late');
    expect([late.status, session.loggedIn()]).toEqual([401, true]);
  });

  it('breaks off at a log-out what is being saved, and nothing else', async () => {
    const context = new HttpContext().set(ENDS_AT_LOG_OUT, true);
    let code = '';
    TestBed.inject(HttpClient)
      .put('/api/v1/saved', {}, { context })
      .subscribe({ error: (error: unknown) => (code = toProblemError(error).code) });
    call('/api/v1/other');
    const [saving, other] = ['/api/v1/saved', '/api/v1/other'].map((path) => http.expectOne(path));
    await logOut();
    expect([saving?.cancelled, other?.cancelled]).toEqual([true, false]);
    expect(code).toBe('logged_out');
  });

  it('leaves nothing to the next one, not even what the last page keeps as it goes', async () => {
    const places = TestBed.inject(KeptPlaces);
    const clear = vi.spyOn(places, 'clear');
    navigating = () => {
      expect(clear).not.toHaveBeenCalled();
      places.keepList('letters', { items: ['of Ann'] });
    };
    await logOut();
    expect(clear).toHaveBeenCalledOnce();
  });
});
