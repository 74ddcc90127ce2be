import {
  afterRenderEffect,
  Component,
  computed,
  ElementRef,
  inject,
  input,
  output,
} from '@angular/core';
import { STATUS_LOOKS, type Status } from '../status-badge';
import { compact, type DrawnEdge, type DrawnNode, edgePaths, extentOf } from './graph-geometry';

const GRID = { width: 168, height: 56, gapX: 40, gapY: 20 };
const NAME_LENGTH = 16;

/** A pipeline to look at: nodes with their state in a run; one can be chosen. */
@Component({
  selector: 'k-graph-view',
  templateUrl: './graph-view.html',
  styleUrl: './graph-view.scss',
})
export class GraphView {
  readonly nodes = input.required<readonly DrawnNode[]>();
  readonly edges = input.required<readonly DrawnEdge[]>();
  readonly selected = input<string | null>(null);
  readonly chosen = output<string>();

  protected readonly card = GRID;
  private readonly placed = computed(() => compact(this.nodes(), GRID, this.edges()));
  protected readonly extent = computed(() => extentOf(this.placed(), GRID, this.paths()));
  protected readonly paths = computed(() => edgePaths(this.placed(), this.edges(), GRID));
  protected readonly cards = computed(() =>
    this.placed().map((node) => {
      const look = STATUS_LOOKS[(node.status ?? 'pending') as Status];
      return {
        ...node,
        shortName: shorten(node.name),
        look,
        label: `${node.name}, ${look.label.toLowerCase()}`,
      };
    }),
  );

  private readonly host = inject<ElementRef<HTMLElement>>(ElementRef).nativeElement;
  /** Where the chosen card begins, across; null while it is not drawn. */
  private readonly chosenAt = computed(
    () => this.placed().find(({ id }) => id === this.selected())?.position.x ?? null,
  );

  constructor() {
    afterRenderEffect(() => {
      const at = this.chosenAt();
      if (at !== null) this.bringIn(at);
    });
  }

  /** Scrolls a graph that is wider than its place to a card that is not seen whole. */
  private bringIn(at: number): void {
    const { scrollLeft, clientWidth } = this.host;
    const seen = at >= scrollLeft && at + GRID.width <= scrollLeft + clientWidth;
    if (!seen) this.host.scrollLeft = at - (clientWidth - GRID.width) / 2;
  }

  protected choose(event: Event, id: string): void {
    event.preventDefault();
    this.chosen.emit(id);
  }
}

function shorten(name: string): string {
  return name.length > NAME_LENGTH ? `${name.slice(0, NAME_LENGTH - 1)}…` : name;
}
