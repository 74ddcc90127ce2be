import { Component, computed, input, signal } from '@angular/core';
import { formatAmount, formatChange } from './format/numbers';
import { formatDateTime } from './format/times';

/** One value at a time, ISO 8601. */
export interface ValuePoint {
  readonly at: string;
  readonly value: number;
}

const WIDTH = 1_000;
const HEIGHT = 240;
const ROOM = 0.08;

/** A value over time as a line, with the one that is pointed at in words. */
@Component({
  selector: 'k-value-chart',
  template: `
    <p class="said">
      <b>{{ said().value }}</b>
      <span [class]="said().way">{{ said().change }}</span>
      <span class="k-muted">{{ said().at }}</span>
    </p>
    <div class="frame">
      <svg
        viewBox="0 0 1000 240"
        preserveAspectRatio="none"
        role="img"
        tabindex="0"
        [attr.aria-label]="description()"
        (pointermove)="point($event)"
        (pointerleave)="pointed.set(null)"
        (keydown.arrowleft)="step($event, -1)"
        (keydown.arrowright)="step($event, 1)"
      >
        <path class="area" [attr.d]="area()" />
        <path class="line" [attr.d]="line()" />
        @if (mark(); as mark) {
          <line class="mark" [attr.x1]="mark.x" [attr.x2]="mark.x" y1="0" y2="240" />
        }
      </svg>
      <span class="high k-muted">{{ amount(scale().high) }}</span>
      <span class="low k-muted">{{ amount(scale().low) }}</span>
    </div>
    <p class="ends k-muted">
      <span>{{ time(points().at(0)?.at) }}</span
      ><span>{{ time(points().at(-1)?.at) }}</span>
    </p>
  `,
  styles: `
    :host {
      display: block;
    }
    .said {
      display: flex;
      flex-wrap: wrap;
      align-items: baseline;
      gap: 0 12px;
      font-variant-numeric: tabular-nums;
    }
    .said b {
      font-size: 20px;
      font-weight: 500;
      line-height: 28px;
    }
    .up {
      color: var(--k-gain);
    }
    .down {
      color: var(--k-loss);
    }
    .frame {
      position: relative;
      margin-top: 8px;
    }
    svg {
      display: block;
      width: 100%;
      height: var(--k-chart-height, 220px);
      overflow: visible;
    }
    .line {
      fill: none;
      stroke: var(--mat-sys-primary);
      stroke-width: 2;
      vector-effect: non-scaling-stroke;
    }
    .area {
      fill: color-mix(in oklab, var(--mat-sys-primary) 10%, transparent);
    }
    .mark {
      stroke: var(--mat-sys-outline);
      stroke-width: 1;
      vector-effect: non-scaling-stroke;
    }
    .high,
    .low {
      position: absolute;
      right: 0;
      padding: 0 4px;
      background: color-mix(in oklab, var(--mat-sys-surface) 80%, transparent);
      font-size: 11px;
      pointer-events: none;
    }
    .high {
      top: 0;
    }
    .low {
      bottom: 0;
    }
    .ends {
      display: flex;
      justify-content: space-between;
      margin-top: 4px;
      font-size: 12px;
    }
  `,
})
export class ValueChart {
  /** Oldest first; at least one. */
  readonly points = input.required<readonly ValuePoint[]>();
  readonly currency = input.required<string>();
  /** What the value is: `Equity`. */
  readonly label = input.required<string>();

  protected readonly pointed = signal<number | null>(null);
  protected readonly scale = computed(() => {
    const values = this.points().map(({ value }) => value);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const room = (high - low) * ROOM || Math.abs(high) * 0.001 || 1;
    return { low, high, bottom: low - room, top: high + room };
  });
  private readonly places = computed(() => {
    const points = this.points();
    const { bottom, top } = this.scale();
    const times = points.map(({ at }) => Date.parse(at));
    const [first, last] = [times[0] ?? 0, times.at(-1) ?? 0];
    return points.map(({ value }, index) => ({
      x: last > first ? (((times[index] ?? 0) - first) / (last - first)) * WIDTH : WIDTH,
      y: HEIGHT - ((value - bottom) / (top - bottom)) * HEIGHT,
    }));
  });
  protected readonly line = computed(() => {
    const places = this.places();
    const from = places.length === 1 ? [{ x: 0, y: places[0]?.y ?? 0 }, ...places] : places;
    return from.map(({ x, y }, index) => `${index ? 'L' : 'M'}${round(x)} ${round(y)}`).join('');
  });
  protected readonly area = computed(() => `${this.line()}L${WIDTH} ${HEIGHT}L0 ${HEIGHT}Z`);
  protected readonly mark = computed(() => {
    const pointed = this.pointed();
    return pointed === null ? null : (this.places()[pointed] ?? null);
  });
  protected readonly said = computed(() => {
    const points = this.points();
    const shown = points[this.pointed() ?? points.length - 1];
    const change = (shown?.value ?? 0) - (points[0]?.value ?? 0);
    return {
      value: formatAmount(shown?.value, this.currency()),
      change: formatChange(change, this.currency()),
      way: change > 0 ? 'up' : change < 0 ? 'down' : '',
      at: formatDateTime(shown?.at),
    };
  });
  protected readonly description = computed(() => {
    const { low, high } = this.scale();
    const [first, last] = [this.points()[0], this.points().at(-1)];
    return (
      `${this.label()} from ${formatDateTime(first?.at)} to ${formatDateTime(last?.at)}: ` +
      `${this.amount(first?.value)} at first, ${this.amount(last?.value)} at last, ` +
      `lowest ${this.amount(low)}, highest ${this.amount(high)}. Arrow keys tell each value.`
    );
  });

  protected readonly time = formatDateTime;

  protected amount(value: number | undefined): string {
    return formatAmount(value, this.currency());
  }

  protected point(event: PointerEvent): void {
    const { left, width } = (event.currentTarget as Element).getBoundingClientRect();
    const x = ((event.clientX - left) / width) * WIDTH;
    let nearest = 0;
    this.places().forEach((place, index) => {
      const best = this.places()[nearest]?.x ?? 0;
      if (Math.abs(place.x - x) < Math.abs(best - x)) nearest = index;
    });
    this.pointed.set(nearest);
  }

  protected step(event: Event, by: number): void {
    event.preventDefault();
    const last = this.points().length - 1;
    const at = (this.pointed() ?? last) + by;
    this.pointed.set(Math.max(0, Math.min(last, at)));
  }
}

function round(number: number): number {
  return Math.round(number * 10) / 10;
}
