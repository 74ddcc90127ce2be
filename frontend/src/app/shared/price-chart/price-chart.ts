import {
  afterRenderEffect,
  Component,
  computed,
  DestroyRef,
  DOCUMENT,
  ElementRef,
  inject,
  input,
  linkedSignal,
  signal,
  viewChild,
} from '@angular/core';
import { MatDialog } from '@angular/material/dialog';
import { MatMenuModule } from '@angular/material/menu';
import { EmptyState } from '../empty-state';
import { ErrorState } from '../error-state';
import { zoneInWords } from '../format/times';
import { Icon } from '../icon';
import { Skeleton } from '../skeleton';
import { ChartData } from './chart-data';
import { describeChart } from './chart-description';
import { type ChartClock, timeframeInWords } from './chart-times';
import type { ChartLine, ChartMark, Study } from './chart-types';
import type { ChartContent, ChartView } from './chart-view';
import { legendAt, type LegendInput, legendInWords } from './legend';
import { markPlaces } from './mark-places';
import { DARK_PALETTE, LIGHT_PALETTE, type Palette, studyColour } from './palette';
import { priceDigits } from './price-digits';
import type { Dataset } from './price-source';
import { sourceInWords } from './source-words';
import { offeredStudies, settingsOf, studyKey, studyName } from './studies';

let charts = 0;

/**
 * The prices of a symbol: candles and volume in any timeframe it has, indicators, levels and what
 * happened, with a legend for the bar that is pointed at. It loads what it shows.
 */
@Component({
  selector: 'k-price-chart',
  imports: [MatMenuModule, EmptyState, ErrorState, Icon, Skeleton],
  templateUrl: './price-chart.html',
  styleUrl: './price-chart.scss',
})
export class PriceChart {
  private readonly root = inject(DOCUMENT).documentElement;
  private readonly frames = viewChild.required<ElementRef<HTMLElement>>('frames');
  private readonly host = viewChild.required<ElementRef<HTMLElement>>('host');
  private readonly dialogs = inject(MatDialog);
  private readonly dark = signal(this.isDark());
  private view: ChartView | null = null;
  private drawnWith: Palette | null = null;
  private turn = 0;
  private destroyed = false;
  /** The library is there, and the first chart. */
  protected readonly drawn = signal(false);

  readonly symbol = input.required<string>();
  /** The one to begin with. */
  readonly timeframe = input('1d');
  /** Bars that had closed by then; null for the newest. */
  readonly end = input<string | null>(null);
  /** Whose prices; null for those that answer for `end`. */
  readonly dataset = input<Dataset | null>(null);
  /** Whether some bars after `end` are shown as well, pale. */
  readonly later = input(false);
  readonly lines = input<readonly ChartLine[]>([]);
  readonly marks = input<readonly ChartMark[]>([]);
  /** Indicators to begin with. */
  readonly studies = input<readonly Study[]>([]);

  protected readonly captionId = `k-chart-${++charts}`;
  protected readonly offered = computed(() => {
    const usual = offeredStudies(this.data.kinds());
    const keys = new Set(usual.map(studyKey));
    const added = new Map(
      [...this.studies(), ...this.chosenStudies()].map((one) => [studyKey(one), one]),
    );
    return [...usual, ...[...added].flatMap(([key, one]) => (keys.has(key) ? [] : [one]))];
  });
  protected readonly key = studyKey;
  protected readonly name = (study: Study): string =>
    studyName(
      study,
      this.data.kinds().find(({ name }) => name === study.name),
    );
  protected readonly hasSettings = computed(() =>
    this.data.kinds().some((kind) => settingsOf(kind).length),
  );
  protected readonly frameWords = (frame: string): string => `Bars of ${timeframeInWords(frame)}`;
  protected readonly chosenTimeframe = linkedSignal(() => this.timeframe());
  protected readonly chosenStudies = linkedSignal(() => this.studies());
  protected readonly timeframes = computed(() => this.instrument()?.timeframes ?? []);
  protected readonly shownTimeframe = computed(() => {
    const frames = this.timeframes();
    const wanted = [this.chosenTimeframe(), '1d', frames.at(-1)];
    return wanted.find((frame) => frame && frames.includes(frame)) ?? null;
  });
  protected readonly data: ChartData = new ChartData({
    symbol: this.symbol,
    timeframe: this.shownTimeframe,
    end: this.end,
    dataset: this.dataset,
    later: this.later,
    studies: this.chosenStudies,
  });
  private readonly instrument = computed(() =>
    this.data.instrument.hasValue() ? this.data.instrument.value() : null,
  );
  private readonly palette = computed(() => (this.dark() ? DARK_PALETTE : LIGHT_PALETTE));
  private readonly clock = computed<ChartClock>(() => ({
    timezone: this.instrument()?.timezone ?? 'UTC',
    calendar: this.instrument()?.calendar ?? '',
    timeframe: this.shownTimeframe() ?? '1d',
  }));
  protected readonly bars = computed(() => this.data.shown()?.bars ?? []);
  private readonly legendInput = computed<LegendInput>(() => ({
    bars: this.bars(),
    studies: this.data.studies(),
    marks: markPlaces(this.marks(), this.bars()),
    clock: this.clock(),
    digits: priceDigits(
      this.bars().map(({ close }) => close),
      this.clock().calendar,
    ),
  }));
  /** The bar under the pointer, or the one that the keyboard went to. */
  private readonly pointed = linkedSignal<number, number | null>({
    source: () => this.bars().length,
    computation: () => null,
  });
  private readonly byKeyboard = signal(false);
  protected readonly legend = computed(() => {
    const [pointed, last] = [this.pointed(), this.lastKnown()];
    return legendAt(pointed ?? last, this.legendInput());
  });
  protected readonly spoken = computed(() => {
    const legend = this.byKeyboard() ? this.legend() : null;
    return legend ? legendInWords(legend) : '';
  });
  protected readonly cameLater = computed(() => this.bars().some((bar) => bar.later));
  protected readonly source = computed(() => {
    const shown = this.data.shown();
    return shown ? sourceInWords(shown) : '';
  });
  protected readonly zone = computed(() => zoneInWords(this.clock().timezone));
  protected readonly description = computed(() =>
    describeChart(this.symbol(), this.legendInput(), this.source(), this.lines()),
  );

  constructor() {
    this.followTheme();
    afterRenderEffect(() => this.showFrame(this.shownTimeframe()));
    afterRenderEffect(() => {
      const content: ChartContent = {
        ...this.legendInput(),
        key: this.data.shown()?.key ?? '',
        lines: this.lines(),
      };
      void this.draw(content, this.palette());
    });
    inject(DestroyRef).onDestroy(() => {
      this.destroyed = true;
      this.view?.destroy();
    });
  }

  /** Brings what is on show up to date. */
  refresh(): void {
    this.data.refresh();
  }

  protected isChosen(study: Study): boolean {
    return this.chosenStudies().some((one) => studyKey(one) === studyKey(study));
  }

  protected toggle(study: Study): void {
    const others = this.chosenStudies().filter((one) => studyKey(one) !== studyKey(study));
    this.chosenStudies.set(this.isChosen(study) ? others : [...others, study]);
  }

  /** The form is large: it is loaded when it is asked for. */
  protected async chooseOther(): Promise<void> {
    const { chooseStudy } = await import('./study-dialog');
    const study = await chooseStudy(this.dialogs, this.data.kinds());
    if (study && !this.isChosen(study)) this.toggle(study);
  }

  protected colour(place: number): string {
    return studyColour(this.palette(), place);
  }

  protected zoom(inwards: boolean): void {
    this.view?.zoom(inwards);
  }

  protected wheel(event: WheelEvent): void {
    if (!event.ctrlKey) return;
    event.preventDefault();
    this.zoom(event.deltaY < 0);
  }

  protected press(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const last = this.bars().length - 1;
    const at = this.pointed() ?? this.lastKnown();
    const step = event.shiftKey ? 10 : 1;
    const moves: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => this.go(at - step),
      ArrowRight: () => this.go(at + step),
      Home: () => this.go(0),
      End: () => this.go(last),
      '+': () => this.zoom(true),
      '-': () => this.zoom(false),
      Escape: () => this.leave(),
    };
    const move = moves[event.key];
    if (!move || last < 0) return;
    event.preventDefault();
    move();
  }

  protected leave(): void {
    this.byKeyboard.set(false);
    this.pointed.set(null);
    this.view?.pointAt(null);
  }

  /** What a keyboard points at stays when no pointer is over the chart. */
  private point(index: number | null): void {
    if (index === null && this.byKeyboard()) return;
    this.byKeyboard.set(false);
    this.pointed.set(index);
  }

  private go(index: number): void {
    const inside = Math.max(0, Math.min(this.bars().length - 1, index));
    if (index < 0) this.data.more();
    this.view?.pointAt(inside);
    this.byKeyboard.set(true);
    this.pointed.set(inside);
  }

  /** Scrolls the row of timeframes, where not all fit, to the one that is chosen. */
  private showFrame(chosen: string | null): void {
    const row = this.frames().nativeElement;
    const button = chosen && row.querySelector<HTMLElement>('[aria-pressed="true"]');
    if (button) row.scrollLeft = button.offsetLeft - (row.clientWidth - button.offsetWidth) / 2;
  }

  private lastKnown(): number {
    return this.bars().findLastIndex((bar) => !bar.later);
  }

  /** The chart library is large: it is loaded when the first chart is drawn. */
  private async draw(content: ChartContent, palette: Palette): Promise<void> {
    if (!content.bars.length && !this.view) return;
    const turn = ++this.turn;
    const { ChartView } = await import('./chart-view');
    if (this.destroyed || turn !== this.turn) return;
    if (palette !== this.drawnWith) {
      this.view?.destroy();
      this.view = new ChartView(this.host().nativeElement, palette, {
        pointed: (index) => this.point(index),
        nearStart: () => this.data.more(),
      });
      this.drawnWith = palette;
    }
    this.view?.show(content);
    this.drawn.set(true);
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
