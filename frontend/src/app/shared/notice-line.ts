import { Component, computed, input } from '@angular/core';
import { readableText, withShortName } from './format/texts';
import { Icon } from './icon';
import { Time } from './time';

/** A notice as it was written to a person. */
export interface NoticeInfo {
  readonly title: string;
  readonly text: string;
  /** What the user called the thing that is spoken of, as it stands in title or text. */
  readonly name: string | null;
  readonly alarm: boolean;
  /** How many like it this one stands for. */
  readonly count: number;
  readonly at: string;
  readonly read_at: string | null;
}

/** What a notice says: icon by kind, title, its text, cut off, when; whether it is unread. */
@Component({
  selector: 'k-notice-line',
  imports: [Icon, Time],
  template: `
    <span class="tile"><k-icon [name]="icon()" [size]="18" /></span>
    <span class="body">
      <span class="title" [title]="notice().title">{{ title() }}</span>
      <span class="text" [title]="text() === whole() ? '' : whole()">{{ text() }}</span>
      <span class="meta">
        @if (notice().alarm) {
          <span class="alarm"><k-icon name="warning" [size]="14" />Alarm</span>
        }
        <k-time [show]="when()" [at]="notice().at" />
        @if (notice().count > 1) {
          <span>{{ notice().count }} in all</span>
        }
      </span>
    </span>
    @if (unread()) {
      <span class="dot"><span class="k-sr-only">Unread</span></span>
    }
  `,
  host: { '[class.unread]': 'unread()', '[style.--c]': 'tint()' },
  styles: `
    :host {
      display: flex;
      gap: 12px;
      min-width: 0;
      color: var(--mat-sys-on-surface);
      font-size: 13px;
      line-height: 18px;
      overflow-wrap: anywhere;
    }
    .tile {
      display: grid;
      flex: none;
      place-items: center;
      width: 32px;
      height: 32px;
      border-radius: 8px;
      background: color-mix(in oklab, var(--c) 11%, transparent);
      color: var(--c);
    }
    .body {
      flex: 1;
      min-width: 0;
    }
    .title,
    .text {
      display: -webkit-box;
      overflow: hidden;
      -webkit-box-orient: vertical;
      -webkit-line-clamp: 3;
      line-clamp: 3;
    }
    .text {
      -webkit-line-clamp: var(--k-notice-lines, 2);
      line-clamp: var(--k-notice-lines, 2);
      color: var(--mat-sys-on-surface-variant);
    }
    .text:empty {
      display: none;
    }
    :host(.unread) .title {
      font-weight: 600;
    }
    .meta {
      display: flex;
      flex-wrap: wrap;
      align-items: center;
      gap: 0 10px;
      margin-top: 2px;
      color: var(--mat-sys-on-surface-variant);
      font-size: 12px;
      line-height: 16px;
    }
    .alarm {
      display: inline-flex;
      align-items: center;
      gap: 4px;
      color: var(--k-failed);
      font-weight: 500;
    }
    .dot {
      flex: none;
      width: 8px;
      height: 8px;
      margin-top: 5px;
      border-radius: 50%;
      background: var(--mat-sys-primary);
    }
  `,
})
export class NoticeLine {
  readonly notice = input.required<NoticeInfo>();
  readonly icon = input.required<string>();
  /** A `--k-` variable without its prefix. */
  readonly colour = input('waiting');
  /** `clock` on a page that names the zone of its times. */
  readonly when = input<'ago' | 'clock'>('ago');

  protected readonly title = computed(() => withShortName(this.notice().title, this.notice().name));
  /** The text with its name in full. */
  protected readonly whole = computed(() =>
    readableText(this.notice().text, { named: this.when() === 'ago' }),
  );
  protected readonly text = computed(() => withShortName(this.whole(), this.notice().name));
  protected readonly unread = computed(() => !this.notice().read_at);
  protected readonly tint = computed(() => `var(--k-${this.colour()})`);
}
