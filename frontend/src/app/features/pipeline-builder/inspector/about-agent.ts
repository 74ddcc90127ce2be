import { Component, computed, input } from '@angular/core';
import { formatCost, formatCount } from '@shared/format/numbers';
import { type AgentSpec, categoryName, sectionName } from '../domain/catalogue';
import { listInWords } from '../domain/words';

interface Fact {
  readonly label: string;
  readonly value: string;
}

/** What an agent is for, what it needs and gives, and what it costs. */
@Component({
  selector: 'k-about-agent',
  template: `
    <p>{{ agent().description }}</p>
    <dl>
      @for (fact of facts(); track fact.label) {
        <div>
          <dt>{{ fact.label }}</dt>
          <dd>{{ fact.value }}</dd>
        </div>
      }
    </dl>
  `,
  styles: `
    dl {
      margin-top: 16px;
      font-size: 13px;
    }
    div {
      display: grid;
      grid-template-columns: 104px 1fr;
      gap: 12px;
      padding: 6px 0;
      border-bottom: 1px solid var(--mat-sys-outline-variant);
    }
    dt {
      color: var(--mat-sys-on-surface-variant);
    }
    dd {
      min-width: 0;
      overflow-wrap: anywhere;
    }
  `,
})
export class AboutAgent {
  readonly agent = input.required<AgentSpec>();

  protected readonly facts = computed<readonly Fact[]>(() => {
    const agent = this.agent();
    const tokens = agent.expected_tokens;
    return [
      { label: 'Category', value: categoryName(agent.category) },
      { label: 'Needs', value: sections(agent.inputs) },
      { label: 'Gives', value: sections(agent.outputs) },
      { label: 'Ways out', value: listInWords(agent.ports.map((port) => port.label)) },
      { label: 'Timeframes', value: listInWords(agent.timeframes) },
      { label: 'Rent', value: rentOf(agent) },
      {
        label: 'Model',
        value: tokens
          ? `about ${formatCount(tokens.input + tokens.output)} tokens a run, when a model is set up`
          : agent.uses_llm
            ? 'uses a language model when one is set up'
            : '',
      },
      { label: 'Version', value: agent.version },
      { label: 'From', value: agent.provider },
    ].filter((fact) => fact.value);
  });
}

function sections(names: readonly string[]): string {
  return listInWords(names.map(sectionName));
}

function rentOf(agent: AgentSpec): string {
  if (Number(agent.price_per_hour) === 0) return 'Free';
  return `${formatCost(agent.price_per_hour)} an hour of running${agent.per_symbol ? ', for each symbol' : ''}`;
}
