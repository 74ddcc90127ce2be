import { Component, computed, input, resource, signal } from '@angular/core';
import { MatSlideToggle } from '@angular/material/slide-toggle';
import {
  type ChannelOut,
  type KindPreference,
  listNoticePreferences,
  putNoticePreferences,
} from '@core/api';
import { type ProblemError, toProblemError } from '@core/http/problem-error';
import { unwrap } from '@core/http/unwrap';
import { whenSeenAgain } from '@core/page/seen-again';
import { noticeLook } from '@core/notices/notice-looks';
import { ErrorState } from '@shared/error-state';
import { Icon } from '@shared/icon';
import { Notice } from '@shared/notice';
import { Skeleton } from '@shared/skeleton';

type Channel = 'in_app' | 'mail';

/** What was chosen and is not saved yet; the newest choice of a switch has the highest turn. */
interface Choice {
  readonly value: boolean;
  readonly turn: number;
}

const UNKNOWN = 'How mail stands is not known yet: see under Mail.';

/** Which kinds of notice are told where. Each switch is saved at once. */
@Component({
  selector: 'k-kind-choices',
  imports: [MatSlideToggle, ErrorState, Icon, Notice, Skeleton],
  templateUrl: './kind-choices.html',
  styleUrl: './kind-choices.scss',
})
export class KindChoices {
  /** How mail stands; null until that is known. */
  readonly mail = input<ChannelOut | null>(null);
  /** It could not be found out how mail stands. */
  readonly mailUnknown = input(false);

  /** As many as there usually are, so that nothing moves when they come. */
  protected readonly rows = Array.from({ length: 12 }, (_, row) => row);
  protected readonly preferences = resource({ loader: () => unwrap(listNoticePreferences()) });
  protected readonly noMail = computed(() => this.mail()?.state === 'not_configured');
  protected readonly mailNote = computed(() =>
    this.mailUnknown() ? UNKNOWN : noteOf(this.mail()),
  );
  protected readonly state = signal<'idle' | 'saving' | 'saved'>('idle');
  /** Why a kind could not be saved, by kind. */
  protected readonly errors = signal<Readonly<Record<string, string>>>({});
  private readonly pending = signal<Readonly<Record<string, Choice>>>({});
  private turn = 0;
  /** One after the other, so that the last answer is the newest. */
  private queue: Promise<void> = Promise.resolve();

  constructor() {
    whenSeenAgain(() => void this.follow());
  }

  protected lookOf(item: KindPreference) {
    return noticeLook(item.kind);
  }

  protected loadError(): ProblemError | null {
    const error = this.preferences.error();
    return error ? toProblemError(error) : null;
  }

  /** What the switch shows: the choice, also while it is being saved. */
  protected shown(item: KindPreference, channel: Channel): boolean {
    return this.pending()[keyOf(item, channel)]?.value ?? item[channel];
  }

  protected choose(item: KindPreference, channel: Channel, value: boolean): void {
    const [key, turn] = [keyOf(item, channel), ++this.turn];
    this.pending.update((before) => ({ ...before, [key]: { value, turn } }));
    this.errors.update((before) => without(before, item.kind));
    this.state.set('saving');
    this.queue = this.queue.then(() => this.save(item, channel, value, turn));
  }

  /** Takes up what was chosen elsewhere meanwhile; what is on show stays when that fails. */
  private async follow(): Promise<void> {
    if (!this.preferences.hasValue() || this.state() === 'saving') return;
    const turn = this.turn;
    const now = await unwrap(listNoticePreferences()).catch(() => null);
    if (now && turn === this.turn) this.preferences.set(now);
  }

  private async save(
    item: KindPreference,
    channel: Channel,
    value: boolean,
    turn: number,
  ): Promise<void> {
    try {
      const items = [{ kind: item.kind, [channel]: value }];
      this.preferences.set(await unwrap(putNoticePreferences({ body: { items } })));
      if (turn === this.turn) this.state.set('saved');
    } catch (error) {
      const { detail } = toProblemError(error);
      this.errors.update((before) => ({ ...before, [item.kind]: `Not saved. ${detail}` }));
      if (turn === this.turn) this.state.set('idle');
    } finally {
      this.settle(keyOf(item, channel), turn);
    }
  }

  /** From now on the switch shows what the server says, unless it was used again meanwhile. */
  private settle(key: string, turn: number): void {
    this.pending.update((before) => (before[key]?.turn === turn ? without(before, key) : before));
  }
}

function without<T>(record: Readonly<Record<string, T>>, key: string): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => name !== key));
}

function keyOf({ kind }: KindPreference, channel: Channel): string {
  return `${kind}.${channel}`;
}

function noteOf(mail: ChannelOut | null): string {
  switch (mail?.state) {
    case 'not_configured':
      return 'Mail is not set up on this installation: see under Mail.';
    case 'unconfirmed':
    case 'awaiting_code':
      return 'Nothing is mailed yet: confirm your address under Mail first.';
    default:
      return '';
  }
}
