import { Service, computed, inject, resource } from '@angular/core';
import { listSignalTypes, type SignalTypeOut } from '@core/api';
import { Session } from '@core/auth/session';
import { reloadOnRecovery } from '@core/http/reload-on-recovery';
import { unwrap } from '@core/http/unwrap';

/** Every signal type that a pipeline can subscribe to, loaded once per session. */
@Service()
export class SignalTypes {
  private readonly session = inject(Session);
  private readonly list = resource({
    params: () => this.session.user()?.id,
    loader: () => unwrap(listSignalTypes()),
  });

  readonly all = computed<readonly SignalTypeOut[]>(() =>
    this.list.hasValue() ? this.list.value().items : [],
  );
  readonly loading = this.list.isLoading;

  constructor() {
    reloadOnRecovery(this.list);
  }

  /** What a type is called; one that nobody described goes by its own name, made readable. */
  nameOf(signalType: string): string {
    const known = this.all().find((item) => item.signal_type === signalType);
    return known?.name ?? readable(signalType);
  }

  reload(): void {
    this.list.reload();
  }
}

/** `golden_cross` as `Golden cross`. */
export function readable(signalType: string): string {
  const words = signalType.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
