import { Component, computed, input } from '@angular/core';
import { RouterLink } from '@angular/router';
import type { MatchOut, SignalOut } from '@core/api';
import { DirectionChip } from '@shared/direction-chip';
import { Icon } from '@shared/icon';
import { JsonTree } from '@shared/json-tree/json-tree';
import { Time } from '@shared/time';
import { matchInWords } from './match-words';

/** What a signal matched, what not and why, and the figures behind it. */
@Component({
  selector: 'k-signal-detail',
  imports: [RouterLink, DirectionChip, Icon, JsonTree, Time],
  templateUrl: './signal-detail.html',
  styleUrl: './signal-detail.scss',
})
export class SignalDetail {
  readonly signal = input.required<SignalOut>();

  /** What started comes first. */
  protected readonly matches = computed(() =>
    [...this.signal().matches].sort((a, b) => rank(a) - rank(b)),
  );
  protected readonly hasFigures = computed(() => Object.keys(this.signal().metadata).length > 0);

  protected readonly words = matchInWords;
}

function rank(match: MatchOut): number {
  return match.outcome === 'started' ? 0 : 1;
}
