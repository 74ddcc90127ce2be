import { Component, computed, input } from '@angular/core';
import { type NodeRunOut } from '@core/api';
import type { NodeProgress } from '@core/runs/run-progress';
import { JsonTree } from '@shared/json-tree/json-tree';
import { Notice } from '@shared/notice';
import { statusInWords } from '../domain/node-status';

/** What a node received or gave in the last run. */
@Component({
  selector: 'k-run-data',
  imports: [JsonTree, Notice],
  template: `
    @if (record()?.error; as error) {
      <k-notice kind="warning" icon="error">{{ error }}</k-notice>
    }
    @if (data(); as data) {
      <k-json-tree [value]="data" />
    } @else {
      <p class="k-muted">{{ reason() }}</p>
    }
  `,
  styles: `
    k-notice {
      margin-bottom: 12px;
    }
  `,
})
export class RunData {
  readonly part = input.required<'input' | 'output'>();
  readonly record = input<NodeRunOut>();
  readonly live = input<NodeProgress>();

  protected readonly data = computed(() => {
    const data = this.record()?.[this.part()];
    return data && Object.keys(data).length ? data : null;
  });
  protected readonly reason = computed(() => {
    const verb = this.part() === 'input' ? 'received' : 'produced';
    if (this.record()) return `This node ${verb} nothing in this run.`;
    if (this.live())
      return `This node is ${statusInWords(this.live())}. Its data shows when the run is over.`;
    return `Run the pipeline to see what this node ${verb}.`;
  });
}
