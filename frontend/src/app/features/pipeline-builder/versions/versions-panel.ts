import { Component, computed, inject, resource } from '@angular/core';
import { MatButton, MatIconButton } from '@angular/material/button';
import { toProblemError } from '@core/http/problem-error';
import { ErrorState } from '@shared/error-state';
import { Icon } from '@shared/icon';
import { Skeleton } from '@shared/skeleton';
import { Time } from '@shared/time';
import { replaceGraph } from '../domain/commands';
import { diffGraphs, diffInWords } from '../domain/diff';
import { fromApi, type PipelineGraph } from '../domain/graph';
import { count } from '../domain/words';
import { EditorActions } from '../state/editor-actions';
import { EditorApi } from '../state/editor-api';
import { EditorUi } from '../state/editor-ui';
import { PipelineDocument } from '../state/pipeline-document';
import { VersionPicture } from './version-picture';

interface VersionRow {
  readonly version: number;
  readonly createdAt: string;
  readonly graph: PipelineGraph;
  readonly before: PipelineGraph | null;
  readonly words: string;
}

/** Every saved version with a picture of what it changed; any of them can be taken back. */
@Component({
  selector: 'k-versions-panel',
  imports: [ErrorState, Icon, MatButton, MatIconButton, Skeleton, Time, VersionPicture],
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
    @if (error(); as error) {
      <k-error-state [error]="error" (retry)="list.reload()" />
    } @else if (list.isLoading() && !rows().length) {
      <k-skeleton [height]="84" />
      <k-skeleton [height]="84" />
      <k-skeleton [height]="84" />
    }
    <ol>
      @for (row of rows(); track row.version) {
        <li>
          <p class="top">
            <b>Version {{ row.version }}</b>
            <k-time class="k-muted" show="ago" [at]="row.createdAt" />
          </p>
          <k-version-picture [graph]="row.graph" [before]="row.before" />
          <p class="bottom">
            <span class="k-muted">{{ row.words }}</span>
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
    k-version-picture {
      display: block;
      margin: 6px 0;
    }
    .bottom {
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
  protected readonly list = resource({
    params: () => {
      const facts = this.document.facts();
      return facts ? { id: facts.id, version: facts.version } : undefined;
    },
    loader: ({ params }) => this.api.versions(params.id),
  });
  protected readonly error = computed(() => {
    const error = this.list.error();
    return error ? toProblemError(error) : null;
  });
  protected readonly rows = computed<readonly VersionRow[]>(() => {
    const versions = this.list.hasValue() ? this.list.value() : [];
    const graphs = versions.map((item) => fromApi(item.graph).graph);
    return versions.flatMap((item, i) => {
      const graph = graphs[i];
      const before = graphs[i + 1] ?? null;
      if (!graph) return [];
      const words = before
        ? diffInWords(diffGraphs(before, graph))
        : count(item.node_count, 'node');
      return { version: item.version, createdAt: item.created_at, graph, before, words };
    });
  });

  /** Taking a version back is an edit like any other: it can be undone, and is saved as a new version. */
  protected restore(row: VersionRow): void {
    this.actions.do(
      replaceGraph(row.graph, `Restore version ${row.version}`),
      `Version ${row.version} restored`,
    );
    setTimeout(() => this.ui.canvas()?.fit(), 60);
  }
}
