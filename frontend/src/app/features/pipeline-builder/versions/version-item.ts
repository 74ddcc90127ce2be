import { Component, computed, inject, input, resource } from '@angular/core';
import { toProblemError } from '@core/http/problem-error';
import { Skeleton } from '@shared/skeleton';
import { AgentCatalogue } from '@core/agents/agent-catalogue';
import { SignalTypes } from '@core/signals/signal-types';
import { changesInShort, graphChanges, startChanges } from '../domain/changes';
import { type PipelineGraph } from '../domain/graph';
import { type Start } from '../domain/trigger';
import { count } from '../domain/words';
import { VersionPicture } from './version-picture';

/** What was published as a version; how it starts is null where that was not kept. */
export interface Published {
  readonly graph: PipelineGraph;
  readonly start: Start | null;
}

export type LoadVersion = (version: number) => Promise<Published>;

/** What one version changed, drawn and in words; its graph is loaded when it is first shown. */
@Component({
  selector: 'k-version-item',
  imports: [Skeleton, VersionPicture],
  template: `
    @if (error(); as error) {
      <p role="alert">
        The picture could not be read. {{ error.detail }}
        <button type="button" (click)="graphs.reload()">Try again</button>
      </p>
    } @else if (shown(); as shown) {
      <k-version-picture [graph]="shown.now.graph" [before]="shown.before?.graph ?? null" />
    } @else {
      <k-skeleton [height]="84" />
    }
    <p class="k-muted">{{ words() }}</p>
  `,
  styles: `
    k-version-picture,
    k-skeleton {
      display: block;
      margin: 6px 0;
    }
    p {
      margin: 0;
      overflow-wrap: anywhere;
      font-size: 13px;
    }
  `,
})
export class VersionItem {
  private readonly catalogue = inject(AgentCatalogue);
  private readonly signalTypes = inject(SignalTypes);

  readonly version = input.required<number>();
  /** The version before it, null when there is none to compare with. */
  readonly before = input.required<number | null>();
  readonly nodeCount = input.required<number>();
  readonly load = input.required<LoadVersion>();

  protected readonly graphs = resource({
    params: () => ({ version: this.version(), before: this.before(), load: this.load() }),
    loader: async ({ params: { version, before, load } }) => {
      const [now, old] = await Promise.all([load(version), before === null ? null : load(before)]);
      return { now, before: old };
    },
  });
  protected readonly shown = computed(() => (this.graphs.hasValue() ? this.graphs.value() : null));
  protected readonly error = computed(() => {
    const error = this.graphs.error();
    return error ? toProblemError(error) : null;
  });
  protected readonly words = computed(() => {
    const { now, before } = this.shown() ?? {};
    if (!now || !before) return count(this.nodeCount(), 'node');
    const typeName = (type: string) => this.signalTypes.nameOf(type);
    const started =
      now.start && before.start ? startChanges(before.start, now.start, typeName) : [];
    const drawn = graphChanges(before.graph, now.graph, this.catalogue.byType());
    return changesInShort([...started, ...drawn]) || 'The same as the version before';
  });
}
