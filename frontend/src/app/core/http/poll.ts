import { DestroyRef, inject } from '@angular/core';

/**
 * Does `work` every `everyMs` while the tab can be seen, and at once when it is seen again. The next
 * turn waits for the one before. Call it where things are injected; it ends with its owner.
 */
export function pollWhileVisible(everyMs: number, work: () => Promise<unknown>): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let ended = false;

  const turn = async (): Promise<void> => {
    clearTimeout(timer);
    if (document.hidden || ended) return;
    await work().catch(() => undefined);
    wait();
  };
  const wait = (): void => {
    clearTimeout(timer);
    if (!document.hidden && !ended) timer = setTimeout(() => void turn(), everyMs);
  };
  const look = (): void => void (document.hidden ? clearTimeout(timer) : turn());

  document.addEventListener('visibilitychange', look);
  inject(DestroyRef).onDestroy(() => {
    ended = true;
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', look);
  });
  wait();
}
