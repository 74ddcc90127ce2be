import {
  computed,
  DestroyRef,
  effect,
  inject,
  Service,
  type Signal,
  signal,
  type WritableSignal,
} from '@angular/core';
import type { QuoteData, QuoteOut } from '@core/api';
import { pollWhileVisible } from '@core/http/poll';
import { LiveSocket } from '@core/socket/live-socket';

/** While quotes are not pushed, they are read so often. */
const EVERY_MS = 3_000;
/** And else, for what is not pushed: the close before, and quotes that the user sent. */
const PUSHED_EVERY_MS = 30_000;

interface Followed {
  readonly stop: () => void;
  owners: number;
}

/** The newest quotes of the symbols that anybody on the page follows, as they are pushed. */
@Service()
export class LiveQuotes {
  private readonly socket = inject(LiveSocket);
  private readonly followed = new Map<string, Followed>();
  private readonly signals = new Map<string, WritableSignal<QuoteData | null>>();

  /** Whether quotes are pushed now. */
  readonly isLive = computed(() => this.socket.state() === 'ready');

  /** The newest quote of a symbol; null while nobody follows it and until one has come. */
  newest(symbol: string): QuoteData | null {
    return this.signalOf(symbol)();
  }

  /** Follows a symbol until the returned function is called. */
  follow(symbol: string): () => void {
    const followed = this.followed.get(symbol) ?? this.begin(symbol);
    followed.owners += 1;
    let stopped = false;
    return () => {
      if (stopped) return;
      stopped = true;
      followed.owners -= 1;
      if (!followed.owners) this.end(symbol, followed);
    };
  }

  /**
   * Follows the symbols of a signal, and no others, until the owner is gone. Call it where things
   * are injected.
   */
  followAll(symbols: Signal<readonly string[]>): void {
    const stops = new Map<string, () => void>();
    const follow = (wanted: ReadonlySet<string>): void => {
      for (const symbol of wanted) if (!stops.has(symbol)) stops.set(symbol, this.follow(symbol));
      for (const [symbol, stop] of stops) {
        if (wanted.has(symbol)) continue;
        stop();
        stops.delete(symbol);
      }
    };
    effect(() => follow(new Set(symbols())));
    inject(DestroyRef).onDestroy(() => follow(new Set()));
  }

  /**
   * Reads quotes by `work` while they are not pushed, and now and then all the same; `own` says
   * whether any on show was sent by the user, which is pushed to nobody. Call it where things are
   * injected.
   */
  readMeanwhile(work: () => Promise<unknown>, own: () => boolean): void {
    let readAt = Date.now();
    pollWhileVisible(EVERY_MS, async () => {
      const early = Date.now() - readAt < PUSHED_EVERY_MS;
      if (this.isLive() && early && !own()) return;
      await work();
      readAt = Date.now();
    });
  }

  private begin(symbol: string): Followed {
    const newest = this.signalOf(symbol);
    const stop = this.socket.watchQuotes(symbol, ({ data }) => newest.set(data));
    const followed = { stop, owners: 0 };
    this.followed.set(symbol, followed);
    return followed;
  }

  private end(symbol: string, { stop }: Followed): void {
    stop();
    this.followed.delete(symbol);
    this.signalOf(symbol).set(null);
  }

  private signalOf(symbol: string): WritableSignal<QuoteData | null> {
    const known = this.signals.get(symbol);
    if (known) return known;
    const made = signal<QuoteData | null>(null);
    this.signals.set(symbol, made);
    return made;
  }
}

/** A quote as it was read, brought up to date by what was pushed since. */
export function upToDate(read: QuoteOut | null, pushed: QuoteData | null): QuoteOut | null {
  if (!pushed || (read && Date.parse(read.quoted_at) > Date.parse(pushed.quoted_at))) return read;
  const same = read?.source === pushed.source ? read : null;
  const before = same?.previous_close ?? null;
  return {
    ...pushed,
    volume: same?.volume ?? null,
    previous_close: before,
    change_percent: before ? (Number(pushed.price) / Number(before) - 1) * 100 : null,
  };
}
