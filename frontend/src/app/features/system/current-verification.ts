import { HttpClient } from '@angular/common/http';
import { effect, inject, Service } from '@angular/core';
import { verifyAudit } from '@core/api';
import { Session } from '@core/auth/session';
import { abortable } from '@core/http/abortable';
import { unwrap } from '@core/http/unwrap';
import { RecordVerification, type VerificationResult } from './record-verification';

const PREFIX = 'kuber.verified.';

/**
 * The one verification of this tab: it goes on while its page is left, and ends with the session.
 * What came of the last one is kept over a reload.
 */
@Service()
export class CurrentVerification extends RecordVerification {
  constructor() {
    const http = inject(HttpClient);
    super((after, limit, signal) =>
      unwrap(verifyAudit({ query: { after, limit }, httpClient: abortable(http, signal) })),
    );
    const session = inject(Session);
    const key = PREFIX + session.owner();
    const kept = session.owner() ? read(key) : null;
    if (kept) this.takeUp(kept);
    effect(() => {
      const outcome = this.outcome();
      if (outcome && session.owner()) keep(key, outcome);
    });
    session.loggingOut.subscribe(() => {
      this.forget();
      sessionStorage.removeItem(key);
    });
  }
}

function read(key: string): VerificationResult | null {
  const text = sessionStorage.getItem(key);
  return text ? (JSON.parse(text) as VerificationResult) : null;
}

function keep(key: string, outcome: VerificationResult): void {
  try {
    sessionStorage.setItem(key, JSON.stringify(outcome));
  } catch {
    // The browser gives no room for it: an older result would be wrong.
    sessionStorage.removeItem(key);
  }
}
