import { InjectionToken } from '@angular/core';

/** Loads the whole app anew, at an address of it. */
export const PAGE_LOADER = new InjectionToken<(url: string) => void>('page loader', {
  providedIn: 'root',
  factory: () => (url: string) => location.assign(url),
});
