import { HttpClient, provideHttpClient, withInterceptors } from '@angular/common/http';
import { HttpTestingController, provideHttpClientTesting } from '@angular/common/http/testing';
import { TestBed } from '@angular/core/testing';
import { outageInterceptor, Reachability } from './reachability';

const WELL = { checks: { postgres: { ok: true }, redis: { ok: true }, kafka: { ok: false } } };
const ILL = { checks: { postgres: { ok: false }, redis: { ok: true } } };

describe('reachability', () => {
  let http: HttpTestingController;
  let reachability: Reachability;

  beforeEach(() => {
    vi.useFakeTimers();
    TestBed.configureTestingModule({
      providers: [
        provideHttpClient(withInterceptors([outageInterceptor])),
        provideHttpClientTesting(),
      ],
    });
    http = TestBed.inject(HttpTestingController);
    reachability = TestBed.inject(Reachability);
  });
  afterEach(() => vi.useRealTimers());

  const fail = (status: number) => {
    TestBed.inject(HttpClient)
      .get('/api/v1/x')
      .subscribe({ error: () => undefined });
    const call = http.expectOne('/api/v1/x');
    if (status) call.flush(null, { status, statusText: 'No' });
    else call.error(new ProgressEvent('error'));
  };

  it('is away after a call without an answer, asks on, and counts the return once', async () => {
    fail(0);
    expect(reachability.isAway()).toBe(true);
    await vi.advanceTimersByTimeAsync(3_000);
    http.expectOne('/ready').error(new ProgressEvent('error'));
    await vi.advanceTimersByTimeAsync(3_000);
    http.expectOne('/ready').flush(ILL, { status: 503, statusText: 'Not ready' });
    await vi.advanceTimersByTimeAsync(3_000);
    http.expectOne('/ready').flush(WELL, { status: 503, statusText: 'Kafka is away' });
    await vi.advanceTimersByTimeAsync(0);
    expect(reachability.isAway()).toBe(false);
    expect(reachability.recoveries()).toBe(1);
    await vi.advanceTimersByTimeAsync(30_000);
    http.expectNone('/ready');
  });

  it('is not away when the server refuses', () => {
    for (const status of [400, 404, 409, 422, 429, 500]) fail(status);
    expect(reachability.isAway()).toBe(false);
    http.expectNone('/ready');
  });

  it('is away when what stands before the server gets no answer from it', () => {
    fail(504);
    expect(reachability.isAway()).toBe(true);
  });

  it('asks whether the server is away when it says that it cannot do something', async () => {
    fail(503);
    expect(reachability.isAway()).toBe(false);
    http.expectOne('/ready').flush(ILL, { status: 503, statusText: 'Not ready' });
    await vi.advanceTimersByTimeAsync(0);
    expect(reachability.isAway()).toBe(true);
    await vi.advanceTimersByTimeAsync(3_000);
    http.expectOne('/ready').flush(WELL);
    await vi.advanceTimersByTimeAsync(0);
    expect(reachability.recoveries()).toBe(1);
  });

  it('takes one refused call for nothing more while the server can work', async () => {
    fail(503);
    http.expectOne('/ready').flush(WELL);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(reachability.isAway()).toBe(false);
    expect(reachability.recoveries()).toBe(0);
    http.expectNone('/ready');
  });
});
