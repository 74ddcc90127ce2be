import { effect, inject, Service, untracked } from '@angular/core';
import { Router } from '@angular/router';
import { HeldDrafts } from '@core/page/held-drafts';
import { KeptPlaces } from '@core/page/kept-places';
import { UnsavedWork } from '@core/page/unsaved-work';
import { LiveSocket } from '@core/socket/live-socket';
import { leadingBack } from './inside';
import { Session } from './session';

/** The ways out: logging out, and a session that the server has ended. */
@Service()
export class Departure {
  private readonly session = inject(Session);
  private readonly router = inject(Router);
  private readonly socket = inject(LiveSocket);
  private readonly drafts = inject(HeldDrafts);
  private readonly places = inject(KeptPlaces);
  private readonly unsaved = inject(UnsavedWork);

  /** From now on the end of the session leads to the log-in page, once, and back afterwards. */
  watch(): void {
    let wasLoggedIn = false;
    effect(() => {
      const [loggedIn, ended] = [this.session.loggedIn(), this.session.ended()];
      if (wasLoggedIn && ended) untracked(() => void this.toLogIn(leadingBack(this.router.url)));
      wasLoggedIn = loggedIn;
    });
  }

  /** Logs out, unless something would be lost and the person stays for it. */
  async logOut(): Promise<void> {
    if (!(await this.unsaved.mayLeave(true))) return;
    this.unsaved.dropAll();
    await this.session.logOut().catch(() => undefined);
    this.drafts.clear();
    await this.toLogIn({});
  }

  private async toLogIn(queryParams: { readonly next?: string }): Promise<void> {
    this.socket.disconnect();
    await this.router.navigate(['/login'], { queryParams }).catch(() => undefined);
    // The page that is left keeps its list until it is gone.
    this.places.clear();
  }
}
