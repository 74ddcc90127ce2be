import { Component, computed, effect, inject, signal, untracked } from '@angular/core';
import { MatButton, MatIconButton } from '@angular/material/button';
import { type VersionOut } from '@core/api';
import { PagedList } from '@core/http/paged-list';
import { toProblemError } from '@core/http/problem-error';
import { ErrorState } from '@shared/error-state';
import { Icon } from '@shared/icon';
import { LoadMore } from '@shared/load-more';
import { Skeleton } from '@shared/skeleton';
import { Time } from '@shared/time';
import { replaceGraph } from '../domain/commands';
import { fromApi, type PipelineGraph } from '../domain/graph';
import { EditorActions } from '../state/editor-actions';
import { EditorApi } from '../state/editor-api';
import { EditorUi } from '../state/editor-ui';
import { PipelineDocument } from '../state/pipeline-document';
import { type LoadGraph, VersionItem } from './version-item';

interface VersionRow {
  readonly version: number;
  readonly createdAt: string;
  readonly nodeCount: number;
  readonly before: number | null;
}

/** Every saved version with a picture of what it changed; any of them can be taken back. */
@Component({
  selector: 'k-versions-panel',
  imports: [ErrorState, Icon, LoadMore, MatButton, MatIconButton, Skeleton, Time, VersionItem],
  template: `
    <header>
      <h2>Versions</h2>
      <button
        matIconButton
        type="button"
        aria-label="Close versions"
        (click)="ui.versionsOpen.set(false)"
      >
        <k-icon name="close" />
      </button>
    </header>
    @if (list.error(); as error) {
      <k-error-state [error]="error" (retry)="list.reload()" />
    } @else if (list.loadingFirst() && !rows().length) {
      <k-skeleton [height]="84" />
      <k-skeleton [height]="84" />
      <k-skeleton [height]="84" />
    }
    @if (failure(); as text) {
      <p role="alert">{{ text }}</p>
    }
    <ol>
      @for (row of rows(); track row.version) {
        <li>
          <p class="top">
            <b>Version {{ row.version }}</b>
            <k-time class="k-muted" show="ago" [at]="row.createdAt" />
          </p>
          @defer (on viewport) {
            <k-version-item
              [version]="row.version"
              [before]="row.before"
              [nodeCount]="row.nodeCount"
              [load]="graph()"
            />
          } @placeholder {
            <div class="unseen"></div>
          }
          <p class="bottom">
            @if (row.version === current()) {
              <span class="k-muted">Current</span>
            } @else {
              <button
                matButton
                type="button"
                [attr.aria-label]="'Restore version ' + row.version"
                (click)="restore(row)"
              >
                Restore
              </button>
            }
          </p>
        </li>
      }
    </ol>
    <k-load-more [list]="list" />
  `,
  styles: `
    :host {
      display: block;
      height: 100%;
      padding: 12px 16px;
      overflow: auto;
      background: var(--mat-sys-surface);
    }
    header,
    .top,
    .bottom {
      display: flex;
      align-items: center;
      justify-content: space-between;
      gap: 8px;
      font-size: 13px;
    }
    k-skeleton {
      margin-top: 12px;
    }
    ol {
      margin: 0;
      padding: 0;
      list-style: none;
    }
    li {
      padding: 12px 0 4px;
      border-bottom: 1px solid var(--mat-sys-outline-variant);
    }
    .unseen {
      height: 114px;
    }
    .bottom {
      justify-content: flex-end;
      min-height: 36px;
    }
    [matButton] {
      margin-right: -12px;
    }
  `,
})
export class VersionsPanel {
  private readonly api = inject(EditorApi);
  private readonly actions = inject(EditorActions);
  private readonly document = inject(PipelineDocument);
  protected readonly ui = inject(EditorUi);

  protected readonly current = computed(() => this.document.facts()?.version);
  protected readonly list = new PagedList<VersionOut, string>((id, cursor) =>
    this.api.versions(id, cursor),
  );
  protected readonly rows = computed<readonly VersionRow[]>(() => {
    const items = this.list.items();
    return items.map((item, i) => ({
      version: item.version,
      createdAt: item.created_at,
      nodeCount: item.node_count,
      before: items[i + 1]?.version ?? null,
    }));
  });
  /** Why a version was not taken back. */
  protected readonly failure = signal('');
  private followed = '';
  private readonly pipelineId = computed(() => this.document.facts()?.id);
  /** Loads graphs of this pipeline's versions, each once: a version never changes. */
  protected readonly graph = computed<LoadGraph>(() => {
    const id = this.pipelineId();
    const loaded = new Map<number, Promise<PipelineGraph>>();
    return (version) => {
      const known = loaded.get(version);
      if (known) return known;
      const asked = this.graphOf(id ?? '', version);
      loaded.set(version, asked);
      asked.catch(() => loaded.delete(version));
      return asked;
    };
  });

  constructor() {
    effect(() => {
      const id = this.pipelineId();
      if (id && this.current()) untracked(() => void this.follow(id));
    });
  }

  /** A newer version of the same pipeline comes on top of those that are on show. */
  private async follow(id: string): Promise<void> {
    const same = id === this.followed;
    this.followed = id;
    await (same ? this.list.catchUp((item) => item.version) : this.list.load(id));
  }

  /** Taking a version back is an edit like any other: it can be undone, and is saved as a new version. */
  protected async restore(row: VersionRow): Promise<void> {
    this.failure.set('');
    try {
      const graph = await this.graph()(row.version);
      this.actions.do(
        replaceGraph(graph, `Restore version ${row.version}`),
        `Version ${row.version} restored`,
      );
    } catch (error) {
      this.failure.set(`Nothing was restored. ${toProblemError(error).detail}`);
      return;
    }
    setTimeout(() => this.ui.canvas()?.fit(), 60);
  }

  private async graphOf(pipelineId: string, version: number): Promise<PipelineGraph> {
    return fromApi((await this.api.version(pipelineId, version)).graph).graph;
  }
}
