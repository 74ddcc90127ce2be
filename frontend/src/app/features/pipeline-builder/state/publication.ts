import { computed, inject, resource, Service } from '@angular/core';
import { AgentCatalogue } from '@core/agents/agent-catalogue';
import { SignalTypes } from '@core/signals/signal-types';
import { graphChanges, startChanges } from '../domain/changes';
import { fromApi, type PipelineGraph } from '../domain/graph';
import { Autosave } from './autosave';
import { EditorApi } from './editor-api';
import { EditorStore } from './editor-store';
import { PipelineDocument } from './pipeline-document';

const NONE: readonly string[] = [];

/** What is published of the open pipeline, and how the draft on the screen differs from it. */
@Service({ autoProvided: false })
export class Publication {
  private readonly api = inject(EditorApi);
  private readonly autosave = inject(Autosave);
  private readonly catalogue = inject(AgentCatalogue);
  private readonly document = inject(PipelineDocument);
  private readonly editor = inject(EditorStore);
  private readonly signalTypes = inject(SignalTypes);

  private readonly pipelineId = computed(() => this.document.facts()?.id);
  /** The newest published version; 0 when it was never published. */
  readonly version = computed(() => this.document.facts()?.version ?? 0);
  /** What is stored is what is published, and nothing was edited since. */
  private readonly untouched = computed(
    () => this.version() > 0 && !this.document.facts()?.draftDiffers && !this.autosave.dirty(),
  );
  private readonly wanted = computed(() => (this.untouched() ? 0 : this.version()));
  /** The published graph, asked for once there may be something to compare it with. */
  private readonly stored = resource({
    params: () => {
      const [id, version] = [this.pipelineId(), this.wanted()];
      return id && version ? { id, version } : undefined;
    },
    loader: async ({ params: { id, version } }) => {
      const key = `${id} ${version}`;
      if (this.loaded?.key === key) return this.loaded.graph;
      const { graph } = fromApi((await this.api.version(id, version)).graph);
      this.loaded = { key, graph };
      return graph;
    },
  });
  /** The last one that was asked for: it never changes. */
  private loaded: { readonly key: string; readonly graph: PipelineGraph } | null = null;

  /** The published graph; null while it is not known, or there is none. */
  readonly graph = computed(() => {
    if (this.untouched()) return this.editor.graph();
    return this.wanted() && this.stored.hasValue() ? this.stored.value() : null;
  });
  /** Why the published graph is not known. */
  readonly failure = this.stored.error;
  /** Changes of the graph, as sentences; null while they are not known. */
  readonly graphChanges = computed(() => {
    if (this.untouched() || !this.version()) return NONE;
    const before = this.graph();
    return before && graphChanges(before, this.editor.graph(), this.catalogue.byType());
  });
  /** Changes of how it starts. */
  readonly startChanges = computed(() => {
    const before = this.document.facts()?.publishedTrigger;
    if (this.untouched() || !before) return NONE;
    return startChanges(before, this.document.trigger(), (type) => this.signalTypes.nameOf(type));
  });
  /** How many changes the draft has; null while that is not known, or nothing was published. */
  readonly count = computed(() => {
    const changes = this.version() ? this.graphChanges() : null;
    return changes && changes.length + this.startChanges().length;
  });
  /** Whether there is anything to publish. */
  readonly differs = computed(() => this.count() !== 0);

  retry(): void {
    this.stored.reload();
  }
}
