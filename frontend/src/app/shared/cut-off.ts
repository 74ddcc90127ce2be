import { afterNextRender, DestroyRef, Directive, ElementRef, inject, signal } from '@angular/core';

/** Knows whether its element is too small for what it holds, as a text cut after some lines. */
@Directive({ selector: '[kCutOff]', exportAs: 'kCutOff' })
export class CutOff {
  private readonly cut = signal(false);

  readonly hides = this.cut.asReadonly();

  constructor() {
    const { nativeElement: it } = inject<ElementRef<HTMLElement>>(ElementRef);
    const leaving = inject(DestroyRef);
    afterNextRender({
      read: () => {
        const watch = new ResizeObserver(() => this.cut.set(it.scrollHeight > it.clientHeight));
        watch.observe(it);
        leaving.onDestroy(() => watch.disconnect());
      },
    });
  }
}
