import { Component, computed, inject, input, output } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { AgentCatalogue } from '@core/agents/agent-catalogue';
import { SignalTypes } from '@core/signals/signal-types';
import { Icon } from '@shared/icon';
import { changesInShort, graphChanges, startChanges } from '../domain/changes';
import { clashInWords } from '../domain/clash-words';
import { Autosave } from '../state/autosave';

/** Says that the pipeline was changed or deleted elsewhere, and offers what can be done about it. */
@Component({
  selector: 'k-stale-bar',
  imports: [Icon, MatButton],
  templateUrl: './stale-bar.html',
  styleUrl: './stale-bar.scss',
})
export class StaleBar {
  private readonly catalogue = inject(AgentCatalogue);
  private readonly signalTypes = inject(SignalTypes);
  protected readonly autosave = inject(Autosave);

  /** While a new pipeline is made of this one. */
  readonly savingAsNew = input(false);
  readonly savedAsNew = output();

  /** What was changed elsewhere and stays, whichever of both is kept. */
  protected readonly changes = computed<readonly string[]>(() => {
    const conflict = this.autosave.conflict();
    if (!conflict) return [];
    const { mine, merged } = conflict;
    const { name, graph, trigger } = merged.content;
    return [
      ...(name === mine.name ? [] : [`It is called ${name}`]),
      ...startChanges(mine.trigger, trigger, (type) => this.signalTypes.nameOf(type)),
      ...graphChanges(mine.graph, graph, this.catalogue.byType()),
    ];
  });
  protected readonly inShort = computed(() => changesInShort(this.changes()));

  /** What both changed, so that one of the two is lost. */
  protected readonly clashes = computed<readonly string[]>(() => {
    const conflict = this.autosave.conflict();
    const graph = conflict?.merged.content.graph;
    if (!conflict || !graph) return [];
    return conflict.merged.clashes.map((clash) =>
      clashInWords(clash, graph, this.catalogue.byType()),
    );
  });
}
