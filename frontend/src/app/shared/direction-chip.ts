import { Component, computed, input } from '@angular/core';
import { RouterLink } from '@angular/router';
import { Icon } from './icon';

/** Which way a signal points. */
export type Direction = 'BULLISH' | 'BEARISH' | 'NEUTRAL' | 'FLAT';

const LOOKS: Readonly<Record<Direction, { word: string; icon: string; colour: string }>> = {
  BULLISH: { word: 'bullish', icon: 'trending_up', colour: 'gain' },
  BEARISH: { word: 'bearish', icon: 'trending_down', colour: 'loss' },
  NEUTRAL: { word: 'neutral', icon: 'trending_flat', colour: 'waiting' },
  FLAT: { word: 'flat: leave the position', icon: 'logout', colour: 'waiting' },
};

/** A ticker, the way it is said to go, and how sure that is (0 to 100). */
@Component({
  selector: 'k-direction-chip',
  imports: [RouterLink, Icon],
  template: `
    @if (ticker(); as ticker) {
      <a [routerLink]="['/symbols', ticker]">{{ ticker }}</a>
    }
    <span class="way" [title]="look().word"
      ><k-icon [name]="look().icon" [size]="16" /><span [class.k-sr-only]="ticker()">{{
        look().word
      }}</span></span
    >
    <span class="sure" [title]="'Confidence ' + sure() + ' of 100'"
      ><span class="k-sr-only">confidence </span>{{ sure() }}</span
    >
  `,
  host: { '[style.--c]': 'colour()' },
  styles: `
    :host {
      display: inline-flex;
      align-items: center;
      gap: 6px;
      height: 24px;
      padding: 0 8px;
      border: 1px solid var(--mat-sys-outline-variant);
      border-radius: 5px;
      font-size: 13px;
      line-height: 16px;
      white-space: nowrap;
      vertical-align: middle;
    }
    a {
      color: inherit;
      font-weight: 500;
    }
    .way {
      display: inline-flex;
      align-items: center;
      gap: 4px;
      color: var(--c);
    }
    .sure {
      color: var(--mat-sys-on-surface-variant);
      font-variant-numeric: tabular-nums;
    }
  `,
})
export class DirectionChip {
  readonly ticker = input<string | null>(null);
  readonly direction = input.required<Direction>();
  readonly confidence = input.required<number>();

  protected readonly look = computed(() => LOOKS[this.direction()]);
  protected readonly colour = computed(() => `var(--k-${this.look().colour})`);
  protected readonly sure = computed(() => Number(this.confidence().toFixed(1)));
}
