import { inject } from '@angular/core';
import { Router } from '@angular/router';

/** Filters as query parameters; null takes one out of the address. */
export type FilterChange = Readonly<Record<string, string | boolean | null | undefined>>;

/**
 * Changes the filters of the list at `path`, which live in its address. Each change is a step that
 * Back takes back; what is typed in one go is one step. Call it where things are injected.
 */
export function addressFilters(
  path: string,
): (change: FilterChange, how?: 'chosen' | 'typed') => void {
  const router = inject(Router);
  /** The address that typing led to, while it goes on. */
  let typed: string | null = null;
  return (change, how = 'chosen') => {
    const goesOn = how === 'typed' && typed === router.url;
    const options = {
      queryParams: change,
      queryParamsHandling: 'merge',
      replaceUrl: goesOn,
    } as const;
    void router.navigate([path], options).then((done) => {
      if (done) typed = how === 'typed' ? router.url : null;
    });
  };
}
