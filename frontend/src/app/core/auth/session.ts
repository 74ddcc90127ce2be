import { Service, computed, signal } from '@angular/core';
import { Subject } from 'rxjs';
import { getMe, login, logout, refresh, register, type UserOut } from '@core/api';
import { serverAway, toProblemError } from '@core/http/problem-error';
import { unwrap } from '@core/http/unwrap';

const HINT_KEY = 'kuber.session';

/** `away`: the server did not say, so that the session may well go on. */
export type Renewal = 'renewed' | 'ended' | 'away';

/** `other_account`: the browser's one cookie belongs to somebody else by now. */
export type EndReason = 'server' | 'other_account';

/**
 * Who is logged in. The access token lives in memory only; a reload gets a new one through the
 * httpOnly refresh cookie. The hint in local storage merely spares first-time visitors that call.
 */
@Service()
export class Session {
  private readonly accessToken = signal<string | null>(null);
  private readonly currentUser = signal<UserOut | null>(null);
  private readonly lastOwner = signal<string | null>(null);
  private readonly endedFor = signal<EndReason | null>(null);
  private readonly departures = new Subject<void>();
  private renewal: Promise<Renewal> | null = null;
  private restoration: Promise<boolean> | null = null;

  readonly token = this.accessToken.asReadonly();
  readonly user = this.currentUser.asReadonly();
  readonly loggedIn = computed(() => this.currentUser() !== null);
  /** The id of who is logged in, or was until the session ended. */
  readonly owner = this.lastOwner.asReadonly();
  /** Why the session ended without a log-out; null once somebody has logged in or out since. */
  readonly endReason = this.endedFor.asReadonly();
  readonly ended = computed(() => this.endedFor() !== null);
  /** Tells of every log-out, as it begins. */
  readonly loggingOut = this.departures.asObservable();

  /**
   * Picks up the session of an earlier visit, once. Resolves to whether there is one; throws
   * ProblemError when the server did not say.
   */
  restore(): Promise<boolean> {
    if (this.loggedIn()) return Promise.resolve(true);
    if (this.endedFor() === 'other_account') return Promise.resolve(false);
    if (!localStorage.getItem(HINT_KEY)) return Promise.resolve(false);
    this.restoration ??= this.renewAndLoad().finally(() => (this.restoration = null));
    return this.restoration;
  }

  async logIn(email: string, password: string): Promise<void> {
    const token = await unwrap(login({ body: { email, password } }));
    this.accessToken.set(token.access_token);
    await this.loadUser();
  }

  async signUp(email: string, password: string): Promise<void> {
    await unwrap(register({ body: { email, password } }));
    await this.logIn(email, password);
  }

  /** Ends the session here and, if it can be reached, on the server. */
  async logOut(): Promise<void> {
    this.departures.next();
    try {
      await unwrap(logout());
    } finally {
      this.forget();
      this.lastOwner.set(null);
      this.endedFor.set(null);
    }
  }

  /** Gets a fresh access token; calls made meanwhile share the one request. */
  renew(): Promise<Renewal> {
    this.renewal ??= this.requestToken().finally(() => (this.renewal = null));
    return this.renewal;
  }

  /** Takes note that the server takes this session no more, however many calls say so. */
  end(): void {
    if (!this.accessToken() && !this.loggedIn() && !localStorage.getItem(HINT_KEY)) return;
    this.forget();
    this.endedFor.set('server');
  }

  /** Ends the session here alone: the browser's cookie, and so the hint, are somebody else's. */
  private giveWay(): void {
    this.clear();
    this.endedFor.set('other_account');
  }

  private forget(): void {
    localStorage.removeItem(HINT_KEY);
    this.clear();
  }

  private clear(): void {
    this.accessToken.set(null);
    this.currentUser.set(null);
  }

  private async requestToken(): Promise<Renewal> {
    const shown = this.currentUser()?.id;
    const { data, error, response } = await refresh();
    // Somebody has logged in or out meanwhile: the answer is not about what is shown now.
    if (this.currentUser()?.id !== shown) return 'ended';
    if (data) {
      if (shown !== undefined && data.user_id !== shown) {
        this.giveWay();
        return 'ended';
      }
      this.accessToken.set(data.access_token);
      return 'renewed';
    }
    if (toProblemError(error, response).passes) return 'away';
    this.end();
    return 'ended';
  }

  private async renewAndLoad(): Promise<boolean> {
    const renewal = await this.renew();
    if (renewal === 'away') throw serverAway();
    if (renewal === 'ended') return false;
    await this.loadUser();
    return true;
  }

  private async loadUser(): Promise<void> {
    const user = await unwrap(getMe());
    this.currentUser.set(user);
    this.lastOwner.set(user.id);
    this.endedFor.set(null);
    localStorage.setItem(HINT_KEY, '1');
  }
}
