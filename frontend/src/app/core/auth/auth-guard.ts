import { inject } from '@angular/core';
import { type CanActivateFn, Router } from '@angular/router';
import { toProblemError } from '@core/http/problem-error';
import { inside, leadingBack } from './inside';
import { Session } from './session';

/** Sends visitors without a session to the log-in page, and back here afterwards. */
export const requireSession: CanActivateFn = async (_route, state) => {
  const [router, session] = [inject(Router), inject(Session)];
  if (await restored(session)) return true;
  return router.createUrlTree(['/login'], { queryParams: leadingBack(state.url) });
};

/** Takes people who are logged in past the log-in and sign-up pages. */
export const requireNoSession: CanActivateFn = async (route) => {
  const [router, session] = [inject(Router), inject(Session)];
  const known = await restored(session).catch(() => false);
  return known ? router.parseUrl(inside(route.queryParams['next'])) : true;
};

/** Lets only admins in; anyone else lands on the page above. */
export const requireAdmin: CanActivateFn = () =>
  inject(Session).user()?.role === 'admin' || inject(Router).createUrlTree(['/system']);

/** Whether there is a session; throws ProblemError when the server did not say. */
async function restored(session: Session): Promise<boolean> {
  try {
    return await session.restore();
  } catch (error) {
    if (toProblemError(error).passes) throw error;
    return false;
  }
}
