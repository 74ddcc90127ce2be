import { Component, computed, inject, resource, signal } from '@angular/core';
import { MatFormField } from '@angular/material/form-field';
import { MatSelectModule } from '@angular/material/select';
import { listPipelines, type SwitchOut } from '@core/api';
import { Session } from '@core/auth/session';
import { reloadOnRecovery } from '@core/http/reload-on-recovery';
import { unwrap } from '@core/http/unwrap';
import { PageContext } from '@core/page/page-context';
import { Switches } from '@core/trading/switches';
import { ErrorState } from '@shared/error-state';
import { ListHead } from '@shared/list-head';
import { Notice } from '@shared/notice';
import { Skeleton } from '@shared/skeleton';
import { FireDrill } from './fire-drill';
import { SwitchCard } from './switch-card';

const PIPELINES_OFFERED = 100;

/** What stops trading: yours, that of each pipeline, and the installation's; and the fire drill. */
@Component({
  selector: 'k-switches-page',
  imports: [
    ErrorState,
    FireDrill,
    ListHead,
    MatFormField,
    MatSelectModule,
    Notice,
    Skeleton,
    SwitchCard,
  ],
  template: `
    <div class="k-page">
      <k-list-head
        title="Switches"
        hint="A switch stops new trades at once. Stops, targets and closing by hand always go on."
      />
      @if (switches.unwatched()) {
        <k-notice class="spaced" kind="warning" icon="visibility_off">
          The order service does not run: nobody looks at orders and positions just now.
        </k-notice>
      }
      @if (switches.error(); as error) {
        <k-error-state class="spaced" [error]="error" (retry)="switches.reload()" />
      }
      @if (switches.items()) {
        <div class="cards">
          @for (one of shown(); track one.scope) {
            <k-switch-card [of]="one" [settable]="settable(one)" />
          }
        </div>
        @if (others().length) {
          <mat-form-field class="k-dense pipeline">
            <mat-select
              aria-label="Switch of a pipeline"
              placeholder="Switch a pipeline"
              [value]="null"
              (selectionChange)="added.set([...added(), $event.value]); $event.source.value = null"
            >
              @for (item of others(); track item.id) {
                <mat-option [value]="item.id">{{ item.name }}</mat-option>
              }
            </mat-select>
          </mat-form-field>
        }
        <k-fire-drill />
      } @else if (!switches.error()) {
        <div class="cards" aria-busy="true">
          <k-skeleton [height]="128" />
          <k-skeleton [height]="128" />
        </div>
      }
    </div>
  `,
  styles: `
    .cards {
      display: grid;
      gap: 12px;
    }
    .pipeline {
      width: 280px !important;
      margin-top: 12px;
    }
    k-fire-drill {
      margin-top: 24px;
    }
    .spaced {
      margin-bottom: 16px;
    }
  `,
})
export class SwitchesPage {
  private readonly session = inject(Session);
  protected readonly switches = inject(Switches);
  /** Pipelines whose switch was asked for here. */
  protected readonly added = signal<readonly string[]>([]);
  private readonly pipelines = resource({
    loader: () => unwrap(listPipelines({ query: { limit: PIPELINES_OFFERED, sort: 'name' } })),
  });
  private readonly admin = computed(() => this.session.user()?.role === 'admin');
  private readonly named = computed(() =>
    this.pipelines.hasValue() ? this.pipelines.value().items : [],
  );

  /** Yours first, then the installation's, then those of pipelines. */
  protected readonly shown = computed<readonly SwitchOut[]>(() => {
    const known = this.switches.items() ?? [];
    const find = (scope: string) => known.find((one) => one.scope === scope);
    const rest = known.filter(({ scope }) => scope.startsWith('pipeline:'));
    const file = find('file');
    const platform = find('platform');
    const fresh = this.added()
      .filter((id) => !find(`pipeline:${id}`))
      .map((id) => untouched(`pipeline:${id}`, this.named().find((one) => one.id === id)?.name));
    return [
      ...(file ? [file] : []),
      find('user') ?? untouched('user'),
      ...(this.admin() || (platform && platform.state !== 'off')
        ? [platform ?? untouched('platform')]
        : []),
      ...rest,
      ...fresh,
    ];
  });
  protected readonly others = computed(() => {
    const scopes = new Set(this.shown().map(({ scope }) => scope));
    return this.named().filter(({ id }) => !scopes.has(`pipeline:${id}`));
  });

  constructor() {
    inject(PageContext).show([{ label: 'Switches' }]);
    reloadOnRecovery(this.pipelines);
  }

  protected settable({ scope }: SwitchOut): boolean {
    if (scope === 'file') return false;
    return scope !== 'platform' || this.admin();
  }
}

function untouched(scope: string, name: string | null = null): SwitchOut {
  return { scope, name, state: 'off', reason: '', set_by: null, set_at: null, report: null };
}
