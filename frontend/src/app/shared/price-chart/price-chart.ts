import {
  Component,
  DestroyRef,
  DOCUMENT,
  ElementRef,
  afterRenderEffect,
  computed,
  inject,
  input,
  signal,
  viewChild,
} from '@angular/core';
import { formatPrice } from '../format/numbers';
import { formatDate } from '../format/times';
import type { ChartBar, ChartInput, ChartLine, ChartMark } from './chart-types';
import type { DrawnChart } from './draw-chart';
import { DARK_PALETTE, LIGHT_PALETTE, type Palette } from './palette';

/** Candles with the levels of a trade plan, its fills, and a pale part for what came later. */
@Component({
  selector: 'k-price-chart',
  template: `
    <figure>
      <div #host class="canvas"></div>
      <figcaption class="k-sr-only">{{ description() }}</figcaption>
    </figure>
  `,
  styles: `
    :host,
    figure {
      display: block;
      height: 100%;
    }
    .canvas {
      height: 100%;
      min-height: 200px;
    }
  `,
})
export class PriceChart {
  private readonly root = inject(DOCUMENT).documentElement;
  private readonly host = viewChild.required<ElementRef<HTMLElement>>('host');
  private readonly dark = signal(this.isDark());
  private drawn: DrawnChart | null = null;
  private destroyed = false;

  readonly symbol = input('');
  readonly bars = input.required<readonly ChartBar[]>();
  readonly lines = input<readonly ChartLine[]>([]);
  readonly marks = input<readonly ChartMark[]>([]);

  protected readonly description = computed(() => {
    const bars = this.bars();
    const span = `${formatDate(bars[0]?.time)} to ${formatDate(bars.at(-1)?.time)}`;
    const levels = this.lines().map((line) => `${line.label} ${formatPrice(line.price)}`);
    return [`Price of ${this.symbol()}, ${span}`, ...levels].join(', ');
  });

  constructor() {
    this.followTheme();
    afterRenderEffect(() => {
      const input = {
        bars: this.bars(),
        lines: this.lines(),
        marks: this.marks(),
      };
      void this.draw(input, this.dark() ? DARK_PALETTE : LIGHT_PALETTE);
    });
    inject(DestroyRef).onDestroy(() => {
      this.destroyed = true;
      this.drawn?.destroy();
    });
  }

  /** The chart library is large: it is loaded when the first chart is drawn. */
  private async draw(input: ChartInput, palette: Palette): Promise<void> {
    const { drawChart } = await import('./draw-chart');
    if (this.destroyed) return;
    this.drawn?.destroy();
    this.drawn = drawChart(this.host().nativeElement, input, palette);
  }

  private followTheme(): void {
    const observer = new MutationObserver(() => this.dark.set(this.isDark()));
    observer.observe(this.root, { attributeFilter: ['class'] });
    inject(DestroyRef).onDestroy(() => observer.disconnect());
  }

  private isDark(): boolean {
    return this.root.classList.contains('dark');
  }
}
