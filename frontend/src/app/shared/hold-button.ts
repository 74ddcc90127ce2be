import { Component, computed, DestroyRef, inject, input, output, signal } from '@angular/core';
import { Icon } from './icon';

const HOLD_MS = 1_500;
/** How long the second press of assistive technology is waited for. */
const SECOND_MS = 6_000;

/**
 * A button that acts only after it was held for 1.5 s: with a pointer, or with Space or Enter. What
 * cannot hold, as a screen reader's press, presses twice.
 */
@Component({
  selector: 'k-hold-button',
  imports: [Icon],
  template: `
    <button
      type="button"
      [disabled]="disabled()"
      [class.holding]="holding()"
      [attr.aria-describedby]="'k-hold-help'"
      (pointerdown)="$event.button === 0 && begin()"
      (pointerup)="end()"
      (pointerleave)="end()"
      (pointercancel)="end()"
      (contextmenu)="$event.preventDefault()"
      (keydown)="press($event)"
      (keyup)="end()"
      (blur)="end()"
      (click)="clicked($event)"
    >
      <span class="fill" aria-hidden="true"></span>
      <span class="words"><k-icon [name]="icon()" [size]="20" />{{ words() }}</span>
    </button>
    <p id="k-hold-help" role="status">{{ help() }}</p>
  `,
  styles: `
    :host {
      display: block;
    }
    button {
      position: relative;
      display: grid;
      place-items: center;
      width: 100%;
      min-height: 48px;
      padding: 8px 16px;
      overflow: hidden;
      border: 1px solid var(--mat-sys-error);
      border-radius: 6px;
      background: transparent;
      color: var(--mat-sys-error);
      font: inherit;
      font-weight: 500;
      cursor: pointer;
      touch-action: none;
      user-select: none;
    }
    button:disabled {
      border-color: var(--mat-sys-outline-variant);
      color: var(--mat-sys-on-surface-variant);
      cursor: default;
    }
    .fill {
      position: absolute;
      inset: 0;
      background: color-mix(in oklab, var(--mat-sys-error) 22%, transparent);
      transform: scaleX(0);
      transform-origin: left;
      transition: transform 150ms ease-out;
    }
    .holding .fill {
      transform: scaleX(1);
      transition: transform 1500ms linear;
    }
    .words {
      position: relative;
      display: inline-flex;
      align-items: center;
      gap: 8px;
    }
    p {
      min-height: 16px;
      margin-top: 6px;
      color: var(--mat-sys-on-surface-variant);
      font-size: 12px;
      line-height: 16px;
      text-align: center;
    }
  `,
})
export class HoldButton {
  /** What it does: `Close 3 positions`. */
  readonly label = input.required<string>();
  readonly icon = input('dangerous');
  readonly disabled = input(false);
  readonly held = output();

  protected readonly holding = signal(false);
  private readonly pressedOnce = signal(false);
  private readonly letGo = signal(false);
  protected readonly words = computed(() =>
    this.pressedOnce() ? `Press again: ${this.label()}` : this.label(),
  );
  protected readonly help = computed(() => {
    if (this.pressedOnce()) return 'Press once more to do it.';
    if (this.letGo()) return 'Let go too early: nothing was done. Hold it for 1.5 seconds.';
    return 'Hold for 1.5 seconds, or hold Space.';
  });
  private timer?: ReturnType<typeof setTimeout>;
  private secondTimer?: ReturnType<typeof setTimeout>;
  /** A pointer or a key had its turn: the click that follows it is not another press. */
  private handled = false;

  constructor() {
    inject(DestroyRef).onDestroy(() => {
      clearTimeout(this.timer);
      clearTimeout(this.secondTimer);
    });
  }

  protected press(event: KeyboardEvent): void {
    if (event.key !== ' ' && event.key !== 'Enter') return;
    event.preventDefault();
    if (!event.repeat) this.begin();
  }

  protected begin(): void {
    if (this.disabled() || this.holding()) return;
    this.handled = true;
    this.letGo.set(false);
    this.holding.set(true);
    this.timer = setTimeout(() => {
      this.holding.set(false);
      this.held.emit();
    }, HOLD_MS);
  }

  protected end(): void {
    if (!this.holding()) return;
    clearTimeout(this.timer);
    this.holding.set(false);
    this.letGo.set(true);
  }

  protected clicked(event: Event): void {
    event.preventDefault();
    if (this.handled) this.handled = false;
    else if (this.pressedOnce()) this.twice();
    else this.once();
  }

  private once(): void {
    this.pressedOnce.set(true);
    this.secondTimer = setTimeout(() => this.pressedOnce.set(false), SECOND_MS);
  }

  private twice(): void {
    clearTimeout(this.secondTimer);
    this.pressedOnce.set(false);
    this.held.emit();
  }
}
