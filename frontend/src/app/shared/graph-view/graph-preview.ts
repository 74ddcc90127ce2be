import { Component, computed, input } from '@angular/core';
import {
  type DrawnEdge,
  type DrawnNode,
  edgePaths,
  NODE_HEIGHT,
  NODE_WIDTH,
  viewBoxOf,
} from './graph-geometry';

/** The shape of a pipeline in little, without words. */
@Component({
  selector: 'k-graph-preview',
  template: `
    <svg
      [attr.viewBox]="viewBox()"
      preserveAspectRatio="xMidYMid meet"
      aria-hidden="true"
      focusable="false"
    >
      @for (edge of paths(); track $index) {
        <svg:path class="edge" [attr.d]="edge.d" />
      }
      @for (node of nodes(); track node.id) {
        <svg:g
          [attr.transform]="'translate(' + node.position.x + ' ' + node.position.y + ')'"
          [style.--c]="'var(--k-cat-' + node.category + ')'"
        >
          <svg:rect class="card" rx="12" [attr.width]="width" [attr.height]="height" />
          <svg:rect class="tile" x="14" y="14" width="44" height="44" rx="10" />
          <svg:rect class="line" x="74" y="22" width="112" height="11" rx="5" />
          <svg:rect class="line faint" x="74" y="42" width="76" height="9" rx="4" />
        </svg:g>
      }
    </svg>
  `,
  styles: `
    :host {
      display: block;
    }
    svg {
      display: block;
      width: 100%;
      height: 100%;
    }
    .edge {
      fill: none;
      stroke: var(--mat-sys-outline);
      stroke-width: 4;
    }
    .card {
      fill: var(--mat-sys-surface);
      stroke: var(--mat-sys-outline-variant);
      stroke-width: 3;
    }
    .tile {
      fill: var(--c);
    }
    .line {
      fill: var(--mat-sys-outline);
    }
    .faint {
      fill: var(--mat-sys-outline-variant);
    }
  `,
})
export class GraphPreview {
  readonly nodes = input.required<readonly DrawnNode[]>();
  readonly edges = input.required<readonly DrawnEdge[]>();
  protected readonly width = NODE_WIDTH;
  protected readonly height = NODE_HEIGHT;
  protected readonly viewBox = computed(() => viewBoxOf(this.nodes()));
  protected readonly paths = computed(() => edgePaths(this.nodes(), this.edges()));
}
