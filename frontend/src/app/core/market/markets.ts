import { computed, inject, resource, Service } from '@angular/core';
import { type CalendarOut, listCalendars } from '@core/api';
import { Session } from '@core/auth/session';
import { reloadOnRecovery } from '@core/http/reload-on-recovery';
import { unwrap } from '@core/http/unwrap';

/** Every market whose sessions the server knows, as it calls them; loaded once per session. */
@Service()
export class Markets {
  private readonly session = inject(Session);
  private readonly list = resource({
    params: () => this.session.user()?.id,
    loader: () => unwrap(listCalendars()),
  });

  readonly all = computed<readonly CalendarOut[]>(() =>
    this.list.hasValue() ? this.list.value().items : [],
  );

  constructor() {
    reloadOnRecovery(this.list);
  }

  /** What a market is called; its code while that is not known. */
  nameOf(code: string): string {
    return this.all().find((market) => market.code === code)?.name ?? code;
  }
}
