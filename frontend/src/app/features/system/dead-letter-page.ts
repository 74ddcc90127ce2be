import { Component, computed, effect, inject, input, resource, untracked } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { MatDialog } from '@angular/material/dialog';
import { MatSnackBar } from '@angular/material/snack-bar';
import { getDeadLetter, replayDeadLetter } from '@core/api';
import { Attempt } from '@core/http/attempt';
import { toProblemError } from '@core/http/problem-error';
import { unwrap } from '@core/http/unwrap';
import { PageContext } from '@core/page/page-context';
import { confirm } from '@shared/confirm-dialog';
import { ErrorState } from '@shared/error-state';
import { PageError } from '@shared/page-error';
import { JsonTree } from '@shared/json-tree/json-tree';
import { SkeletonRows } from '@shared/skeleton';
import { Time } from '@shared/time';
import { readPayload } from './payload';

/** One message that could not be handled: why, what it says, and the button that tries again. */
@Component({
  selector: 'k-dead-letter-page',
  imports: [MatButton, ErrorState, PageError, JsonTree, SkeletonRows, Time],
  templateUrl: './dead-letter-page.html',
  styleUrl: './dead-letter-page.scss',
})
export class DeadLetterPage {
  private readonly dialogs = inject(MatDialog);
  private readonly messages = inject(MatSnackBar);
  private readonly page = inject(PageContext);

  readonly id = input.required<string>();

  protected readonly letter = resource({
    params: () => this.id(),
    loader: ({ params: letter_id }) => unwrap(getDeadLetter({ path: { letter_id } })),
  });
  protected readonly payload = computed(() =>
    this.letter.hasValue() ? readPayload(this.letter.value()) : null,
  );
  private readonly attempt = new Attempt();
  protected readonly busy = this.attempt.busy;
  protected readonly problem = this.attempt.problem;
  protected readonly loadError = computed(() => {
    const error = this.letter.error();
    return error ? toProblemError(error) : null;
  });

  constructor() {
    effect(() => {
      const label = this.letter.hasValue() ? this.letter.value().consumer : 'Dead letter';
      const parents = [
        { label: 'System', link: '/system' },
        { label: 'Dead letters', link: '/system/dead-letters' },
      ];
      untracked(() => this.page.show([...parents, { label }]));
    });
  }

  protected async replay(): Promise<void> {
    const agreed = await confirm(this.dialogs, {
      title: 'Replay this message?',
      text: 'It is given to its consumer again. If it was handled meanwhile, nothing happens twice.',
      action: 'Replay',
    });
    if (!agreed) return;
    await this.attempt.make(async () => {
      await unwrap(replayDeadLetter({ path: { letter_id: this.id() } }));
      this.messages.open('Sent to its consumer again', undefined, { duration: 4000 });
      this.letter.reload();
    });
  }
}
