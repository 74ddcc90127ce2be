import { Component, computed, input, resource } from '@angular/core';
import { toProblemError } from '@core/http/problem-error';
import { Skeleton } from '@shared/skeleton';
import { diffGraphs, diffInWords } from '../domain/diff';
import { type PipelineGraph } from '../domain/graph';
import { count } from '../domain/words';
import { VersionPicture } from './version-picture';

/** Gives the graph of a version. */
export type LoadGraph = (version: number) => Promise<PipelineGraph>;

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
      <k-version-picture [graph]="shown.graph" [before]="shown.before" />
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
      font-size: 13px;
    }
  `,
})
export class VersionItem {
  readonly version = input.required<number>();
  /** The version before it, null when there is none to compare with. */
  readonly before = input.required<number | null>();
  readonly nodeCount = input.required<number>();
  readonly load = input.required<LoadGraph>();

  protected readonly graphs = resource({
    params: () => ({ version: this.version(), before: this.before(), load: this.load() }),
    loader: async ({ params: { version, before, load } }) => {
      const [graph, old] = await Promise.all([
        load(version),
        before === null ? null : load(before),
      ]);
      return { graph, before: old };
    },
  });
  protected readonly shown = computed(() => (this.graphs.hasValue() ? this.graphs.value() : null));
  protected readonly error = computed(() => {
    const error = this.graphs.error();
    return error ? toProblemError(error) : null;
  });
  protected readonly words = computed(() => {
    const shown = this.shown();
    return shown?.before
      ? diffInWords(diffGraphs(shown.before, shown.graph))
      : count(this.nodeCount(), 'node');
  });
}
