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
import { changesInShort } from '../domain/changes';
import { fromApi } from '../domain/graph';
import { readTrigger } from '../domain/trigger';
import { Publishing } from '../publish/publishing';
import { EditorActions } from '../state/editor-actions';
import { EditorApi } from '../state/editor-api';
import { EditorStore } from '../state/editor-store';
import { EditorUi } from '../state/editor-ui';
import { PipelineDocument } from '../state/pipeline-document';
import { Publication } from '../state/publication';
import { type LoadVersion, type Published, VersionItem } from './version-item';
import { VersionPicture } from './version-picture';

interface VersionRow {
  readonly version: number;
  readonly createdAt: string;
  readonly nodeCount: number;
  readonly name: string | null;
  readonly note: string | null;
  readonly before: number | null;
}

/** The draft, and every version that was published, each with what it changes; any can be restored. */
@Component({
  selector: 'k-versions-panel',
  imports: [
    ErrorState,
    Icon,
    LoadMore,
    MatButton,
    MatIconButton,
    Skeleton,
    Time,
    VersionItem,
    VersionPicture,
  ],
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
      @if (publication.differs()) {
        <li>
          <p class="top">
            <b>Draft</b>
            <span class="k-muted">{{ current() ? 'Not published yet' : 'Never published' }}</span>
          </p>
          @if (publication.failure()) {
            <p role="alert">
              The published version could not be read.
              <button type="button" (click)="publication.retry()">Try again</button>
            </p>
          } @else if (current()) {
            @if (publication.graph(); as before) {
              <k-version-picture [graph]="editor.graph()" [before]="before" />
            } @else {
              <k-skeleton [height]="84" />
            }
            <p class="k-muted">{{ draftWords() }}</p>
          }
          <p class="bottom">
            <button matButton type="button" (click)="publishing.ask('publish')">Publish</button>
          </p>
        </li>
      }
      @for (row of rows(); track row.version) {
        <li>
          <p class="top">
            <b>Version {{ row.version }}</b>
            @if (row.version === current()) {
              <span class="mark"><k-icon name="task_alt" [size]="16" />Published</span>
            }
            <k-time class="k-muted" show="ago" [at]="row.createdAt" />
          </p>
          @if (row.name) {
            <p class="name">{{ row.name }}</p>
          }
          @if (row.note) {
            <p class="note k-muted">{{ row.note }}</p>
          }
          @defer (on viewport) {
            <k-version-item
              [version]="row.version"
              [before]="row.before"
              [nodeCount]="row.nodeCount"
              [load]="published()"
            />
          } @placeholder {
            <div class="unseen"></div>
          }
          @if (row.version !== current() || publication.differs()) {
            <p class="bottom">
              <button
                matButton
                type="button"
                [attr.aria-label]="'Restore to draft version ' + row.version"
                (click)="restore(row)"
              >
                Restore to draft
              </button>
            </p>
          }
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
    .top b {
      flex: none;
    }
    .mark {
      display: inline-flex;
      flex: 1;
      align-items: center;
      gap: 4px;
      color: var(--k-done);
    }
    .name {
      margin-top: 2px;
      font-weight: 500;
      overflow-wrap: anywhere;
    }
    .note {
      overflow-wrap: anywhere;
      white-space: pre-line;
    }
    li > .k-muted {
      font-size: 13px;
    }
    li:not(:has(.bottom)) {
      padding-bottom: 12px;
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
  protected readonly editor = inject(EditorStore);
  protected readonly publication = inject(Publication);
  protected readonly publishing = inject(Publishing);
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
      name: item.name,
      note: item.note,
      before: items[i + 1]?.version ?? null,
    }));
  });
  /** Why a version was not taken back. */
  protected readonly failure = signal('');
  private followed = '';
  private readonly pipelineId = computed(() => this.document.facts()?.id);
  protected readonly draftWords = computed(() =>
    changesInShort([
      ...this.publication.startChanges(),
      ...(this.publication.graphChanges() ?? []),
    ]),
  );
  /** Loads versions of this pipeline, each once: a version never changes. */
  protected readonly published = computed<LoadVersion>(() => {
    const id = this.pipelineId();
    const loaded = new Map<number, Promise<Published>>();
    return (version) => {
      const known = loaded.get(version);
      if (known) return known;
      const asked = this.read(id ?? '', version);
      loaded.set(version, asked);
      asked.catch(() => loaded.delete(version));
      return asked;
    };
  });

  constructor() {
    effect(() => {
      const id = this.pipelineId();
      this.current();
      if (id) untracked(() => void this.follow(id));
    });
  }

  /** A newer version of the same pipeline comes on top of those that are on show. */
  private async follow(id: string): Promise<void> {
    const same = id === this.followed;
    this.followed = id;
    await (same ? this.list.catchUp((item) => item.version) : this.list.load(id));
  }

  /** Restoring is an edit of the draft like any other, and one step of undo. */
  protected async restore(row: VersionRow): Promise<void> {
    this.failure.set('');
    try {
      const { graph, start } = await this.published()(row.version);
      this.actions.do(
        replaceGraph(graph, `Restore version ${row.version}`, start),
        `Version ${row.version} restored to the draft`,
      );
    } catch (error) {
      this.failure.set(`Nothing was restored. ${toProblemError(error).detail}`);
      return;
    }
    setTimeout(() => this.ui.canvas()?.fit(), 60);
  }

  private async read(pipelineId: string, version: number): Promise<Published> {
    const { graph, trigger } = await this.api.version(pipelineId, version);
    return { graph: fromApi(graph).graph, start: trigger && readTrigger(trigger) };
  }
}
