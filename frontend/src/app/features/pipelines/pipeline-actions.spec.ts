import { HttpClient, provideHttpClient } from '@angular/common/http';
import { HttpTestingController, provideHttpClientTesting } from '@angular/common/http/testing';
import { TestBed } from '@angular/core/testing';
import { MatDialog } from '@angular/material/dialog';
import { MatSnackBar } from '@angular/material/snack-bar';
import { Router } from '@angular/router';
import type { PipelineSummary, TemplateOut } from '@core/api';
import { client } from '@core/api/client.gen';
import { asked, nothingAsked, provideFakeApi, refuse } from '@core/http/testing';
import { of, Subject } from 'rxjs';
import { PipelineActions } from './pipeline-actions';

const BASE = '/api/v1/pipelines/p-1';

/** Keeps what was said, and presses the last button on demand. */
class FakeMessages {
  readonly said: string[] = [];
  private pressed = new Subject<void>();

  open(text: string, action?: string) {
    this.said.push(action ? `${text} [${action}]` : text);
    this.pressed = new Subject();
    return { onAction: () => this.pressed };
  }

  press(): void {
    this.pressed.next();
  }
}

class FakeList {
  items: readonly PipelineSummary[] = [];

  update(change: (items: readonly PipelineSummary[]) => readonly PipelineSummary[]): void {
    this.items = change(this.items);
  }

  reload(): Promise<void> {
    return Promise.resolve();
  }
}

describe('archiving from a list', () => {
  let http: HttpTestingController;
  let messages: FakeMessages;
  let list: FakeList;

  async function answer(action: string, status: string, code = 200) {
    const problem = {
      title: 'No',
      code: 'not_ready',
      status: 422,
      detail: 'A scanner is missing.',
    };
    const options = { status: code, statusText: 'x' };
    await vi.waitFor(() =>
      http.expectOne(`${BASE}/${action}`).flush(code === 200 ? { status } : problem, options),
    );
  }

  async function archived(status: string) {
    messages = new FakeMessages();
    list = new FakeList();
    TestBed.configureTestingModule({
      providers: [
        provideHttpClient(),
        provideHttpClientTesting(),
        PipelineActions,
        { provide: MatSnackBar, useValue: messages },
      ],
    });
    client.setConfig({ httpClient: TestBed.inject(HttpClient) });
    http = TestBed.inject(HttpTestingController);
    const trigger = { kind: 'periodic' as const, every_minutes: 15, symbols: ['AAPL'] };
    const pipeline = { id: 'p-1', name: 'Swing', status, trigger } as PipelineSummary;
    list.items = [pipeline];
    const done = TestBed.inject(PipelineActions).perform('archive', pipeline, list as never);
    await answer('archive', 'archived');
    await done;
    expect(list.items[0]?.status).toBe('archived');
  }

  it('is undone into an active pipeline when it was active', async () => {
    await archived('active');
    messages.press();
    await answer('unarchive', 'draft');
    await answer('activate', 'active');
    await vi.waitFor(() => expect(messages.said.at(-1)).toBe('Restored Swing, switched on'));
    expect(list.items[0]?.status).toBe('active');
  });

  it('says why, when it could not be switched on again', async () => {
    await archived('active');
    messages.press();
    await answer('unarchive', 'draft');
    await answer('activate', '', 422);
    const words = 'Restored Swing, switched off. A scanner is missing.';
    await vi.waitFor(() => expect(messages.said.at(-1)).toBe(words));
    expect(list.items[0]?.status).toBe('draft');
  });

  it('leaves a draft a draft', async () => {
    await archived('draft');
    messages.press();
    await answer('unarchive', 'draft');
    await vi.waitFor(() => expect(list.items[0]?.status).toBe('draft'));
    http.verify();
  });

  it('offers to switch on what is taken out of the archive later', async () => {
    await archived('active');
    const [pipeline] = list.items;
    const done = TestBed.inject(PipelineActions).perform('unarchive', pipeline!, list as never);
    await answer('unarchive', 'draft');
    await done;
    expect(messages.said.at(-1)).toBe('Restored Swing, switched off [Switch on]');
  });
});

describe('a double click in a list', () => {
  const pipeline = (id: string) => ({ id, name: `Swing ${id}` }) as PipelineSummary;
  const template = { name: 'Swing', slug: 'swing' } as TemplateOut;

  function begin() {
    const router = { navigate: vi.fn(() => Promise.resolve(true)) };
    const messages = new FakeMessages();
    const dialogs = { open: vi.fn(() => ({ afterClosed: () => new Subject<void>() })) };
    TestBed.configureTestingModule({
      providers: [
        provideFakeApi(),
        PipelineActions,
        { provide: MatDialog, useValue: dialogs },
        { provide: MatSnackBar, useValue: messages },
        { provide: Router, useValue: router },
      ],
    });
    return { actions: TestBed.inject(PipelineActions), router, dialogs, messages };
  }

  it('clones once, while another pipeline can be cloned meanwhile', async () => {
    const { actions } = begin();
    const list = new FakeList() as never;
    for (const id of ['a', 'a', 'b']) void actions.perform('clone', pipeline(id), list);
    const calls = [
      await asked('POST', '/pipelines/a/clone'),
      await asked('POST', '/pipelines/b/clone'),
    ];
    nothingAsked();
    for (const call of calls) call.flush({ id: 'c', name: 'Copy' });
  });

  it('leaves the name of a clone to the server, which cuts it to what fits, and tells it in short', async () => {
    const { actions, messages } = begin();
    const done = actions.perform('clone', pipeline('a'), new FakeList() as never);
    const call = await asked('POST', '/pipelines/a/clone');
    expect(call.request.body).toBeNull();
    call.flush({ id: 'c', name: 'W'.repeat(120) });
    await done;
    expect(messages.said).toEqual([`Cloned as ${'W'.repeat(39)}… [Open]`]);
  });

  it('makes one pipeline, whatever it is made from', async () => {
    const { actions, router } = begin();
    const made = [
      actions.createFrom(template),
      actions.createFrom(template),
      actions.createBlank(),
    ];
    (await asked('POST', '/pipelines')).flush({ id: 'p' });
    await Promise.all(made);
    nothingAsked();
    expect(router.navigate).toHaveBeenCalledTimes(1);
  });

  it('says over the page that a template could not be opened, and tries again', async () => {
    const { actions, router, messages } = begin();
    const failing = actions.createFrom(template);
    refuse(await asked('POST', '/pipelines'), 'There are 500 pipelines.');
    await failing;
    expect(messages.said).toEqual([
      `No pipeline was made from ${template.name}. There are 500 pipelines. [Retry]`,
    ]);
    expect(actions.problem()).toBeNull();
    messages.press();
    (await asked('POST', '/pipelines')).flush({ id: 'p' });
    await vi.waitFor(() => expect(router.navigate).toHaveBeenCalledTimes(1));
  });

  it('says of a row what was not done', async () => {
    const { actions, messages } = begin();
    const failing = actions.perform('clone', pipeline('a'), new FakeList() as never);
    refuse(await asked('POST', '/clone'), 'Not just now.');
    await failing;
    expect(messages.said).toEqual([`${pipeline('a').name} was not cloned. Not just now. [Retry]`]);
    expect(actions.problem()).toBeNull();
  });

  it('opens one dialog to run it', () => {
    const { actions, dialogs } = begin();
    const run = () => actions.perform('run', pipeline('a'), new FakeList() as never);
    void run();
    void run();
    expect(dialogs.open).toHaveBeenCalledTimes(1);
  });
});

describe('deleting from a list', () => {
  it('asks what would stay before it asks whether to go on', async () => {
    const asked: string[] = [];
    const dialogs = {
      open: (_: unknown, { data }: { data: { text: string } }) => {
        asked.push(data.text);
        return { afterClosed: () => of(true) };
      },
    };
    TestBed.configureTestingModule({
      providers: [
        provideHttpClient(),
        provideHttpClientTesting(),
        PipelineActions,
        { provide: MatDialog, useValue: dialogs },
        { provide: MatSnackBar, useValue: new FakeMessages() },
      ],
    });
    client.setConfig({ httpClient: TestBed.inject(HttpClient) });
    const http = TestBed.inject(HttpTestingController);
    const list = new FakeList();
    const pipeline = { id: 'p-1', name: 'Swing', status: 'active' } as PipelineSummary;
    list.items = [pipeline];
    const done = TestBed.inject(PipelineActions).perform('delete', pipeline, list as never);
    const history = { runs: 9, orders: 12, fills: 12, cost: '1', kept: true };
    await vi.waitFor(() => http.expectOne(`${BASE}/history`).flush(history));
    await vi.waitFor(() =>
      http.expectOne({ method: 'DELETE', url: BASE }).flush(null, { status: 204, statusText: 'x' }),
    );
    await done;
    expect(asked).toHaveLength(1);
    expect(asked[0]).toContain('It is active');
    expect(asked[0]).toContain('It has traded: its 12 orders and its costs stay in your history');
    expect(list.items).toEqual([]);
  });
});
