import { Component, computed, input } from '@angular/core';
import { type NodeRunOut } from '@core/api';
import type { NodeProgress } from '@core/runs/run-progress';
import { formatCost, formatCount } from '@shared/format/numbers';
import { formatDuration } from '@shared/format/times';
import { Markdown } from '@shared/markdown';
import { Notice } from '@shared/notice';
import { statusInWords } from '../domain/node-status';

const ENGINES = { rules: 'Decided by rules', llm: 'Decided with a language model' } as const;

/** Why a node decided as it did, in its own words, with what that took. */
@Component({
  selector: 'k-run-reasoning',
  imports: [Markdown, Notice],
  template: `
    @if (facts(); as facts) {
      <p class="k-muted facts">{{ facts }}</p>
    }
    @if (record()?.error; as error) {
      <k-notice kind="warning" icon="error">{{ error }}</k-notice>
    }
    @if (record()?.reasoning; as text) {
      <k-markdown [text]="text" />
    } @else if (!record()?.error) {
      <p class="k-muted">{{ reason() }}</p>
    }
  `,
  styles: `
    .facts {
      margin-bottom: 12px;
      font-size: 12px;
    }
  `,
})
export class RunReasoning {
  readonly record = input<NodeRunOut>();
  readonly live = input<NodeProgress>();

  protected readonly facts = computed(() => {
    const record = this.record();
    if (!record) return '';
    const tokens = record.tokens && record.tokens.input + record.tokens.output;
    return [
      record.engine && ENGINES[record.engine],
      record.runtime_ms !== null && formatDuration(record.runtime_ms),
      tokens && `${formatCount(tokens)} tokens`,
      Number(record.cost) > 0 && formatCost(record.cost),
      record.attempts > 1 && `attempt ${record.attempts}`,
    ]
      .filter(Boolean)
      .join(' · ');
  });
  protected readonly reason = computed(() => {
    if (this.record()) return 'This node gave no reasons: it only does what it is set to.';
    if (this.live()) return `This node is ${statusInWords(this.live())}.`;
    return 'Run the pipeline to see why this node decides as it does.';
  });
}
