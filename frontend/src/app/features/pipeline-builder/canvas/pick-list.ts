import { A11yModule } from '@angular/cdk/a11y';
import {
  afterNextRender,
  Component,
  computed,
  effect,
  ElementRef,
  inject,
  input,
  linkedSignal,
  output,
  signal,
  viewChild,
} from '@angular/core';
import { Icon } from '@shared/icon';
import { type Point } from '../domain/graph';

export interface PickItem {
  readonly id: string;
  readonly title: string;
  readonly note: string;
  readonly icon: string;
  /** A CSS colour. */
  readonly hue: string;
}

/** What there is but cannot be chosen here. */
export interface PickOther {
  readonly title: string;
  /** A sentence. */
  readonly reason: string;
}

export interface PickPort {
  readonly name: string;
  readonly label: string;
}

const WIDTH = 320;
const HEIGHT = 380;
const MARGIN = 8;

/** A searchable list beside the place it is about: type, arrows, Enter; Escape goes back. */
@Component({
  selector: 'k-pick-list',
  imports: [A11yModule, Icon],
  templateUrl: './pick-list.html',
  styleUrl: './pick-list.scss',
})
export class PickList {
  private readonly field = viewChild.required<ElementRef<HTMLElement>>('field');
  private readonly list = viewChild.required<ElementRef<HTMLElement>>('list');
  private readonly back = inject<ElementRef<HTMLElement>>(ElementRef);

  readonly heading = input.required<string>();
  readonly items = input.required<readonly PickItem[]>();
  readonly others = input<readonly PickOther[]>([]);
  readonly ports = input<readonly PickPort[]>([]);
  readonly port = input<string>('');
  readonly empty = input('Nothing fits here');
  /** Client px. */
  readonly at = input.required<Point>();

  readonly picked = output<string>();
  readonly portChange = output<string>();
  readonly closed = output();

  protected readonly search = signal('');
  private readonly words = computed(() => this.search().toLowerCase().split(/\s+/).filter(Boolean));
  protected readonly shown = computed(() =>
    this.items().filter(({ title, note }) => this.isMeant(`${title} ${note}`)),
  );
  /** Why nothing is shown. */
  protected readonly nothing = computed(() => {
    if (!this.words().length) return this.empty();
    const other = this.others().find(({ title }) => this.isMeant(title));
    return other?.reason ?? 'Nothing called that';
  });
  protected readonly active = linkedSignal({ source: this.shown, computation: () => 0 });
  protected readonly activeId = computed(() =>
    this.shown().length ? `pick-${this.active()}` : null,
  );
  protected readonly left = computed(() =>
    clamp(this.at().x, MARGIN, window.innerWidth - WIDTH - MARGIN),
  );
  protected readonly top = computed(() =>
    clamp(this.at().y, MARGIN, window.innerHeight - HEIGHT - MARGIN),
  );

  constructor() {
    afterNextRender(() => this.field().nativeElement.focus());
    effect(() => {
      const option = this.list().nativeElement.querySelector(`#pick-${this.active()}`);
      option?.scrollIntoView?.({ block: 'nearest' });
    });
  }

  protected key(event: KeyboardEvent): void {
    const moves: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1 };
    const move = moves[event.key];
    const size = this.shown().length;
    event.stopPropagation();
    if (event.key === 'Escape') return this.closed.emit();
    if (event.key === 'Enter') {
      const item = this.shown()[this.active()];
      if (item && this.isInput(event)) {
        event.preventDefault();
        this.picked.emit(item.id);
      }
    } else if (move && size && this.isInput(event)) {
      event.preventDefault();
      this.active.update((at) => (at + move + size) % size);
    }
  }

  protected leave(event: FocusEvent): void {
    if (
      !this.back.nativeElement.contains(event.relatedTarget as Node | null) &&
      event.relatedTarget
    )
      this.closed.emit();
  }

  private isMeant(text: string): boolean {
    return this.words().every((word) => text.toLowerCase().includes(word));
  }

  private isInput(event: Event): boolean {
    return event.target instanceof HTMLInputElement;
  }
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(value, most));
}
