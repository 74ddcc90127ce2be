import { inject } from '@angular/core';
import { type CanActivateFn, Router } from '@angular/router';
import { Session } from './session';

/** Sends visitors without a session to the log-in page, and back here afterwards. */
export const requireSession: CanActivateFn = async (_route, state) => {
  const router = inject(Router);
  if (await restored(inject(Session))) return true;
  const queryParams = state.url === '/' ? {} : { next: state.url };
  return router.createUrlTree(['/login'], { queryParams });
};

/** Keeps people who are logged in away from the log-in and sign-up pages. */
export const requireNoSession: CanActivateFn = async () => {
  const router = inject(Router);
  return (await restored(inject(Session))) ? router.createUrlTree(['/']) : true;
};

/** Lets only admins in; anyone else lands on the page above. */
export const requireAdmin: CanActivateFn = () =>
  inject(Session).user()?.role === 'admin' || inject(Router).createUrlTree(['/system']);

async function restored(session: Session): Promise<boolean> {
  try {
    return await session.restore();
  } catch {
    return false;
  }
}
