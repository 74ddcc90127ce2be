import { Service, computed, inject, resource } from '@angular/core';
import { listAgents, type AgentOut } from '@core/api';
import { Session } from '@core/auth/session';
import { toProblemError } from '@core/http/problem-error';
import { reloadOnRecovery } from '@core/http/reload-on-recovery';
import { unwrap } from '@core/http/unwrap';

/** Every agent the server knows, loaded once per session. */
@Service()
export class AgentCatalogue {
  private readonly session = inject(Session);
  private readonly list = resource({
    params: () => this.session.user()?.id,
    loader: () => unwrap(listAgents()),
  });

  readonly agents = computed<readonly AgentOut[]>(() =>
    this.list.hasValue() ? this.list.value().items : [],
  );
  readonly byType = computed<ReadonlyMap<string, AgentOut>>(
    () => new Map(this.agents().map((agent) => [agent.agent_type, agent])),
  );
  readonly loading = this.list.isLoading;
  readonly error = computed(() => {
    const error = this.list.error();
    return error ? toProblemError(error) : null;
  });

  constructor() {
    reloadOnRecovery(this.list);
  }

  reload(): void {
    this.list.reload();
  }
}
