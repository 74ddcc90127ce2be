import { Component, computed, input } from '@angular/core';
import { diffNodes, type NodeChange } from '../domain/diff';
import { NODE_HEIGHT, NODE_WIDTH, type PipelineGraph, type PipelineNode } from '../domain/graph';

interface PictureNode {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  readonly change: NodeChange;
}

const MARGIN = 60;

/** A small drawing of a version: what it added, removed and changed against the one before. */
@Component({
  selector: 'k-version-picture',
  template: `
    <svg [attr.viewBox]="box()" preserveAspectRatio="xMidYMid meet" aria-hidden="true">
      @for (line of lines(); track $index) {
        <path [attr.d]="line" />
      }
      @for (node of nodes(); track node.id) {
        <rect
          rx="14"
          [attr.x]="node.x"
          [attr.y]="node.y"
          [attr.width]="width"
          [attr.height]="height"
          [attr.class]="node.change"
        />
      }
    </svg>
  `,
  styles: `
    svg {
      display: block;
      width: 100%;
      height: 84px;
      border-radius: 6px;
      background: var(--mat-sys-surface-container-low);
    }
    path {
      fill: none;
      stroke: var(--mat-sys-outline);
      stroke-width: 6;
      opacity: 0.6;
    }
    rect {
      fill: var(--mat-sys-surface-container-highest);
      stroke: var(--mat-sys-outline);
      stroke-width: 5;
    }
    .added {
      fill: color-mix(in oklab, var(--k-done) 45%, transparent);
      stroke: var(--k-done);
    }
    .changed {
      fill: color-mix(in oklab, var(--k-paused) 45%, transparent);
      stroke: var(--k-paused);
    }
    .removed {
      fill: none;
      stroke: var(--k-failed);
      stroke-dasharray: 18 12;
    }
  `,
})
export class VersionPicture {
  readonly graph = input.required<PipelineGraph>();
  readonly before = input.required<PipelineGraph | null>();

  protected readonly width = NODE_WIDTH;
  protected readonly height = NODE_HEIGHT;
  private readonly all = computed<Readonly<Record<string, PipelineNode>>>(() => ({
    ...this.before()?.nodes,
    ...this.graph().nodes,
  }));
  protected readonly nodes = computed<readonly PictureNode[]>(() => {
    const before = this.before();
    const changes = before ? diffNodes(before, this.graph()) : null;
    return Object.values(this.all()).map(({ id, position }) => ({
      id,
      ...position,
      change: changes?.get(id) ?? 'same',
    }));
  });
  protected readonly lines = computed(() =>
    Object.values(this.graph().edges).flatMap(({ from, to }) => {
      const [a, b] = [this.all()[from]?.position, this.all()[to]?.position];
      if (!a || !b) return [];
      const [x1, y1] = [a.x + NODE_WIDTH, a.y + NODE_HEIGHT / 2];
      const [x2, y2] = [b.x, b.y + NODE_HEIGHT / 2];
      const bend = Math.max(40, Math.abs(x2 - x1) / 2);
      return `M${x1},${y1} C${x1 + bend},${y1} ${x2 - bend},${y2} ${x2},${y2}`;
    }),
  );
  protected readonly box = computed(() => {
    const nodes = this.nodes();
    if (!nodes.length) return '0 0 100 40';
    const left = Math.min(...nodes.map((node) => node.x)) - MARGIN;
    const top = Math.min(...nodes.map((node) => node.y)) - MARGIN;
    const right = Math.max(...nodes.map((node) => node.x)) + NODE_WIDTH + MARGIN;
    const bottom = Math.max(...nodes.map((node) => node.y)) + NODE_HEIGHT + MARGIN;
    return `${left} ${top} ${right - left} ${bottom - top}`;
  });
}
