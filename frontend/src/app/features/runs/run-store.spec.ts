import { TestBed } from '@angular/core/testing';
import { client } from '@core/api/client.gen';
import { provideHttpClient } from '@angular/common/http';
import { HttpTestingController, provideHttpClientTesting } from '@angular/common/http/testing';
import { HttpClient } from '@angular/common/http';
import type { ExecutionOut } from '@core/api';
import { execution, nodeRun, told } from '@core/runs/testing';
import type { RunEventHandler } from '@core/socket/run-event';
import { RunEvents } from '@core/socket/run-events';
import { RunStore } from './run-store';

const URL = '/api/v1/executions/run-1';

/** Stands for the event stream of one run. */
class FakeEvents {
  handler: RunEventHandler | null = null;
  after = -1;

  watch(_: string, after: number, handler: RunEventHandler): () => void {
    this.after = after;
    this.handler = handler;
    return () => (this.handler = null);
  }
}

describe('RunStore', () => {
  let http: HttpTestingController;
  let events: FakeEvents;

  function open() {
    events = new FakeEvents();
    TestBed.configureTestingModule({
      providers: [
        provideHttpClient(),
        provideHttpClientTesting(),
        RunStore,
        { provide: RunEvents, useValue: events },
      ],
    });
    client.setConfig({ httpClient: TestBed.inject(HttpClient) });
    http = TestBed.inject(HttpTestingController);
    return TestBed.inject(RunStore);
  }

  async function answer(run: ExecutionOut) {
    await vi.waitFor(() => http.expectOne(URL).flush(run));
  }

  it('follows an active run from the last event it knows', async () => {
    const store = open();
    const opening = store.open('run-1');
    await answer(execution({ last_sequence: 4 }));
    await opening;
    expect(events.after).toBe(4);
    events.handler?.(told.started(5, 'strategy'));
    expect(store.focus()).toBe('strategy');
    store.close();
  });

  it('leaves a finished run alone and opens on the node that failed', async () => {
    const store = open();
    const nodes = [
      nodeRun({ node_id: 'data', status: 'succeeded' }),
      nodeRun({ node_id: 'risk', status: 'failed', error: 'x' }),
    ];
    const opening = store.open('run-1');
    await answer(execution({ status: 'failed', nodes }));
    await opening;
    expect(events.handler).toBeNull();
    expect(store.focus()).toBe('risk');
    store.pick('data');
    expect(store.node()?.node_id).toBe('data');
  });

  it('opens on the strategy when its plan was to hold', async () => {
    const store = open();
    const nodes = [
      nodeRun({
        node_id: 'plan',
        status: 'succeeded',
        reasoning: 'No cross.',
        output: { strategy: { action: 'HOLD' } },
      }),
      nodeRun({
        node_id: 'risk',
        status: 'succeeded',
        reasoning: 'Nothing.',
        output: { risk: { approved: false } },
      }),
    ];
    const opening = store.open('run-1');
    await answer(execution({ status: 'succeeded', nodes }));
    await opening;
    expect(store.focus()).toBe('plan');
  });

  it('starts a run again once, however often that is asked for meanwhile', async () => {
    const store = open();
    const opening = store.open('run-1');
    await answer(execution({ status: 'succeeded' }));
    await opening;
    const asked = [store.rerun(null), store.rerun(null)];
    await vi.waitFor(() => http.expectOne(`${URL}/rerun`).flush({ execution_id: 'run-2' }));
    expect(await Promise.all(asked)).toEqual(['run-2', null]);
  });

  it('keeps the reason when the run cannot be read', async () => {
    const store = open();
    const opening = store.open('run-1');
    const problem = { title: 'Not found', code: 'not_found', detail: '', status: 404 };
    await vi.waitFor(() =>
      http.expectOne(URL).flush(problem, { status: 404, statusText: 'Not Found' }),
    );
    await opening;
    expect(store.loadError()?.code).toBe('not_found');
  });
});
