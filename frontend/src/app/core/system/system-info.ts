import { Service, computed, resource } from '@angular/core';
import { getSystemInfo } from '@core/api';
import { reloadOnRecovery } from '@core/http/reload-on-recovery';
import { unwrap } from '@core/http/unwrap';

/** What this installation offers: version, demo log-in, model, price source. Loaded once. */
@Service()
export class SystemInfoStore {
  private readonly info = resource({ loader: () => unwrap(getSystemInfo()) });

  readonly value = computed(() => (this.info.hasValue() ? this.info.value() : null));
  readonly loading = this.info.isLoading;

  /** Short label when prices are not a market's own, else null. */
  readonly dataBadge = computed(() => {
    const market = this.value()?.market;
    if (!market) return null;
    return market.simulated ? { label: 'Simulated data', note: market.note } : null;
  });

  constructor() {
    reloadOnRecovery(this.info);
  }

  reload(): void {
    this.info.reload();
  }
}
