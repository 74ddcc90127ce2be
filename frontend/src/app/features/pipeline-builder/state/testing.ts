/** A server that keeps pipelines, for the tests of what is saved. */

import {
  createEnvironmentInjector,
  DestroyRef,
  EnvironmentInjector,
  type Provider,
} from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { type PipelineOut, type PipelineStatus } from '@core/api';
import { AgentCatalogue } from '@core/agents/agent-catalogue';
import { Session } from '@core/auth/session';
import { ProblemError } from '@core/http/problem-error';
import { type ApiGraph, toApi } from '../domain/graph';
import { TEST_CATALOGUE, tradingPipeline } from '../domain/testing';
import { type ApiTrigger } from '../domain/trigger';
import { Autosave } from './autosave';
import { EditorApi } from './editor-api';
import { EditorStore } from './editor-store';
import { PipelineDocument } from './pipeline-document';
import { StartSwitch } from './start-switch';

const STATE = [Autosave, EditorStore, PipelineDocument, StartSwitch];
const ANN = { owner: () => 'ann', loggedIn: () => true };

interface Change {
  readonly name?: string;
  readonly graph?: ApiGraph;
  readonly trigger?: ApiTrigger;
}

/** Keeps one pipeline and counts its revisions. */
export class FakeApi {
  revision = 1;
  name = 'First';
  trigger: ApiTrigger = { kind: 'manual' };
  status: PipelineStatus = 'draft';
  readonly saves: { revision: number; change: object }[] = [];
  failure: ProblemError | null = null;
  deleted = false;
  /** The number of the newest published version, and how it is. */
  newest = 1;
  published: { readonly graph: ApiGraph; readonly trigger: ApiTrigger } | null = null;
  /** Saves reach the server, and their answers nobody. */
  answersLost = false;
  graph = toApi(tradingPipeline());
  /** How long a change takes to reach the server, ms. */
  delay = 0;
  /** How long an answer to a question takes, ms. */
  loadDelay = 0;

  constructor(readonly id = 'p') {}

  async load(): Promise<PipelineOut> {
    await this.wait(this.loadDelay);
    if (this.deleted) throw problem(404, 'not_found');
    if (this.failure?.status === 0) throw this.failure;
    return this.answer();
  }

  async save(_id: string, revision: number, change: Change): Promise<PipelineOut> {
    await this.wait(this.delay);
    if (this.failure) throw this.failure;
    if (this.deleted) throw problem(404, 'not_found');
    if (revision !== this.revision) throw problem(412, 'stale_revision');
    this.saves.push({ revision, change });
    this.revision += 1;
    this.name = change.name ?? this.name;
    this.graph = change.graph ?? this.graph;
    this.trigger = change.trigger ?? this.trigger;
    if (this.answersLost) throw problem(0, 'unreachable');
    return this.answer();
  }

  version(): Promise<{ readonly graph: ApiGraph }> {
    if (!this.published) throw problem(404, 'not_found');
    return Promise.resolve(this.published);
  }

  activate(): Promise<PipelineOut> {
    return this.turn('active');
  }

  deactivate(): Promise<PipelineOut> {
    return this.turn('draft');
  }

  async publish(_id: string, revision: number): Promise<PipelineOut> {
    await this.wait(this.delay);
    if (this.failure) throw this.failure;
    if (revision !== this.revision) throw problem(412, 'stale_revision');
    this.newest += 1;
    this.published = { graph: this.graph, trigger: this.trigger };
    return this.answer();
  }

  /** Changed by somebody else. */
  changeElsewhere(change: Change = {}): void {
    this.revision += 1;
    this.name = change.name ?? this.name;
    this.graph = change.graph ?? this.graph;
    this.trigger = change.trigger ?? this.trigger;
  }

  private async turn(status: PipelineStatus): Promise<PipelineOut> {
    await new Promise((resolve) => setTimeout(resolve, this.delay));
    if (this.failure) throw this.failure;
    this.status = status;
    this.revision += 1;
    return this.answer();
  }

  private async wait(ms: number): Promise<void> {
    if (ms) await new Promise((resolve) => setTimeout(resolve, ms));
  }

  private answer(): PipelineOut {
    return {
      id: this.id,
      name: this.name,
      graph: this.graph,
      mode: 'simulation',
      account_id: null,
      trigger: this.trigger as PipelineOut['trigger'],
      revision: this.revision,
      version: this.newest,
      published_version: this.newest || null,
      published_trigger: (this.published?.trigger ?? null) as PipelineOut['trigger'] | null,
      published_at: this.newest ? '2026-01-01T00:00:00Z' : null,
      draft_differs: !sameText(this.published, { graph: this.graph, trigger: this.trigger }),
      status: this.status,
      created_at: '2026-01-01T00:00:00Z',
      updated_at: '2026-01-01T00:00:00Z',
      next_run_at: null,
      last_skip: null,
      problems: [],
      node_count: 0,
      problem_count: 0,
    };
  }
}

function sameText(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** One server for several pipelines, each told by its id. */
export function serverOf(...pipelines: readonly FakeApi[]) {
  const of = (id: string): FakeApi => {
    const found = pipelines.find((pipeline) => pipeline.id === id);
    if (!found) throw problem(404, 'not_found');
    return found;
  };
  return {
    load: (id: string) => of(id).load(),
    save: (id: string, revision: number, change: Change) => of(id).save(id, revision, change),
    publish: (id: string, revision: number) => of(id).publish(id, revision),
    activate: (id: string) => of(id).activate(),
    deactivate: (id: string) => of(id).deactivate(),
  };
}

/** Puts an editor's state together over `server`, for somebody who is logged in. */
export function editOver(
  server: object,
  session: object = ANN,
  more: readonly Provider[] = [],
): void {
  TestBed.configureTestingModule({
    providers: [
      ...STATE,
      { provide: AgentCatalogue, useValue: { byType: () => TEST_CATALOGUE } },
      ...more,
      { provide: EditorApi, useValue: server },
      { provide: Session, useValue: session },
    ],
  });
}

/** One of several editors over the same server, as one page after the other makes them. */
export function anotherEditor() {
  const injector = createEnvironmentInjector(STATE, TestBed.inject(EnvironmentInjector));
  let open = true;
  const leave = () => {
    if (open) injector.destroy();
    open = false;
  };
  TestBed.inject(DestroyRef).onDestroy(leave);
  const [autosave, document] = [injector.get(Autosave), injector.get(PipelineDocument)];
  return {
    autosave,
    document,
    /** Opens a pipeline as the page does; says whether a change that was not saved is back. */
    async open(id: string): Promise<boolean> {
      const found = (await autosave.open(id)) && autosave.takeUpDraft();
      TestBed.tick();
      return found;
    },
    rename(name: string): void {
      document.rename(name);
      TestBed.tick();
    },
    leave,
  };
}

export function problem(status: number, code: string): ProblemError {
  return new ProblemError({ title: code, status, code, detail: code });
}

/** What a promise resolves to, however many timers it waits for. Needs fake timers. */
export async function settled<T>(work: Promise<T>): Promise<T> {
  let over = false;
  void work.finally(() => (over = true)).catch(() => undefined);
  while (!over) await vi.advanceTimersToNextTimerAsync();
  return work;
}
