import { HttpClient } from '@angular/common/http';
import { inject, Service } from '@angular/core';
import { verifyAudit } from '@core/api';
import { Session } from '@core/auth/session';
import { abortable } from '@core/http/abortable';
import { unwrap } from '@core/http/unwrap';
import { RecordVerification } from './record-verification';

/** The one verification of this tab: it goes on while its page is left, and ends with the session. */
@Service()
export class CurrentVerification extends RecordVerification {
  constructor() {
    const http = inject(HttpClient);
    super((after, limit, signal) =>
      unwrap(verifyAudit({ query: { after, limit }, httpClient: abortable(http, signal) })),
    );
    inject(Session).loggingOut.subscribe(() => this.forget());
  }
}
