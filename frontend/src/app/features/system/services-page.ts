import { Component, computed, inject, resource } from '@angular/core';
import { type Check, getSystemStatus, listPluginProblems, listServices } from '@core/api';
import { Session } from '@core/auth/session';
import { pollWhileVisible } from '@core/http/poll';
import { toProblemError } from '@core/http/problem-error';
import { unwrap } from '@core/http/unwrap';
import { PageContext } from '@core/page/page-context';
import { EmptyState } from '@shared/empty-state';
import { ErrorState } from '@shared/error-state';
import { Icon } from '@shared/icon';
import { SkeletonRows } from '@shared/skeleton';
import { Time } from '@shared/time';
import {
  detailInWords,
  groupServices,
  isWell,
  nameInWords,
  readable,
  STATE_LOOKS,
  stateInWords,
  summaryInWords,
} from './service-words';

const EVERY_MS = 5_000;

/** Which services run, since when, and whether they still answer. */
@Component({
  selector: 'k-services-page',
  imports: [EmptyState, ErrorState, Icon, SkeletonRows, Time],
  templateUrl: './services-page.html',
  styleUrl: './services-page.scss',
})
export class ServicesPage {
  private readonly session = inject(Session);

  /** Whose machine a service runs on and what it says of itself, only administrators are told. */
  protected readonly admin = computed(() => this.session.user()?.role === 'admin');
  protected readonly looks = STATE_LOOKS;
  protected readonly stateInWords = stateInWords;
  protected readonly readable = readable;
  protected readonly nameInWords = nameInWords;
  protected readonly detail = detailInWords;
  protected readonly list = resource({ loader: () => unwrap(listServices()) });
  protected readonly status = resource({ loader: () => unwrap(getSystemStatus()) });
  /** Agents and generators of added packages that were left out at the start. */
  private readonly leftOut = resource({ loader: () => unwrap(listPluginProblems()) });
  protected readonly pluginProblems = computed(() =>
    this.leftOut.hasValue() ? this.leftOut.value().items : [],
  );
  protected readonly services = computed(() =>
    this.list.hasValue() ? this.list.value().items : null,
  );
  protected readonly groups = computed(() => groupServices(this.services() ?? []));
  protected readonly summary = computed(() => summaryInWords(this.services() ?? []));
  protected readonly well = computed(() =>
    this.groups().every(({ instances }) => isWell(instances)),
  );
  /** What everything else stands on. */
  protected readonly foundations = computed(() =>
    this.status.hasValue() ? Object.entries<Check>(this.status.value().checks) : [],
  );
  protected readonly error = computed(() => {
    const error = this.list.error();
    return error ? toProblemError(error) : null;
  });

  constructor() {
    inject(PageContext).show([{ label: 'System' }]);
    pollWhileVisible(EVERY_MS, async () => {
      if (!this.services()) this.list.reload();
      else this.list.set(await unwrap(listServices()));
      this.status.set(await unwrap(getSystemStatus()));
    });
  }
}
