import { DestroyRef, inject } from '@angular/core';

/**
 * Calls `work` when somebody comes back to the tab: when it is seen again, or its window is used
 * again. Call it where things are injected; it ends with its owner.
 */
export function whenSeenAgain(work: () => void): void {
  const look = (): void => {
    if (!document.hidden) work();
  };
  document.addEventListener('visibilitychange', look);
  window.addEventListener('focus', look);
  inject(DestroyRef).onDestroy(() => {
    document.removeEventListener('visibilitychange', look);
    window.removeEventListener('focus', look);
  });
}
