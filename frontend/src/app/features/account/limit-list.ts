import { Component, computed, resource } from '@angular/core';
import { listMyLimits } from '@core/api';
import { type ProblemError, toProblemError } from '@core/http/problem-error';
import { unwrap } from '@core/http/unwrap';
import { EmptyState } from '@shared/empty-state';
import { ErrorState } from '@shared/error-state';
import { Icon } from '@shared/icon';
import { Skeleton } from '@shared/skeleton';
import { limitView } from './limit-words';

/** What the account may have and do, and how much of it is used. */
@Component({
  selector: 'k-limit-list',
  imports: [EmptyState, ErrorState, Icon, Skeleton],
  templateUrl: './limit-list.html',
  styleUrl: './limit-list.scss',
})
export class LimitList {
  /** As many as there usually are, so that nothing moves when they come. */
  protected readonly rows = [0, 1, 2, 3, 4, 5, 6, 7];
  protected readonly limits = resource({ loader: () => unwrap(listMyLimits()) });
  protected readonly views = computed(() =>
    this.limits.hasValue() ? this.limits.value().items.map(limitView) : [],
  );

  protected loadError(): ProblemError | null {
    const error = this.limits.error();
    return error ? toProblemError(error) : null;
  }
}
