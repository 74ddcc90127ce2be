import { Component, computed, input } from '@angular/core';
import { compact, type DrawnEdge, type DrawnNode, edgePaths, extentOf } from './graph-geometry';

const GRID = { width: 96, height: 44, gapX: 22, gapY: 18 };

/** The shape of a pipeline in little, without words. */
@Component({
  selector: 'k-graph-preview',
  template: `
    <svg
      [attr.viewBox]="'0 ' + extent().top + ' ' + extent().width + ' ' + extent().height"
      [style.max-width.px]="extent().width"
      preserveAspectRatio="xMidYMid meet"
      aria-hidden="true"
      focusable="false"
    >
      @for (edge of paths(); track $index) {
        <svg:path class="edge" [attr.d]="edge.d" />
      }
      @for (node of placed(); track node.id) {
        <svg:g
          [attr.transform]="'translate(' + node.position.x + ' ' + node.position.y + ')'"
          [style.--c]="'var(--k-cat-' + node.category + ')'"
        >
          <svg:rect class="card" rx="7" width="96" height="44" />
          <svg:rect class="tile" x="8" y="8" width="28" height="28" rx="6" />
          <svg:text class="icon" x="22" y="31">{{ node.icon }}</svg:text>
          <svg:rect class="line" x="44" y="14" width="42" height="6" rx="3" />
          <svg:rect class="line faint" x="44" y="25" width="28" height="5" rx="2.5" />
        </svg:g>
      }
    </svg>
  `,
  styles: `
    :host {
      display: grid;
      place-items: center;
    }
    svg {
      display: block;
      width: 100%;
      height: 100%;
    }
    .edge {
      fill: none;
      stroke: var(--mat-sys-outline);
      stroke-width: 1.5;
    }
    .card {
      fill: var(--mat-sys-surface);
      stroke: var(--mat-sys-outline-variant);
    }
    .tile {
      fill: color-mix(in oklab, var(--c) 16%, transparent);
    }
    .icon {
      fill: var(--c);
      font-family: 'Material Symbols Outlined';
      font-feature-settings: 'liga';
      font-size: 18px;
      text-anchor: middle;
      dominant-baseline: auto;
    }
    .line {
      fill: color-mix(in oklab, var(--mat-sys-outline) 60%, transparent);
    }
    .faint {
      fill: var(--mat-sys-outline-variant);
    }
  `,
})
export class GraphPreview {
  readonly nodes = input.required<readonly DrawnNode[]>();
  readonly edges = input.required<readonly DrawnEdge[]>();
  /** There is no room for words. */
  private readonly silent = computed(() => this.edges().map((edge) => ({ ...edge, label: null })));
  protected readonly placed = computed(() => compact(this.nodes(), GRID));
  protected readonly extent = computed(() => extentOf(this.placed(), GRID, this.paths()));
  protected readonly paths = computed(() => edgePaths(this.placed(), this.silent(), GRID));
}
