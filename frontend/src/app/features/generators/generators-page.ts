import { Component, computed, inject, resource, signal } from '@angular/core';
import { MatButton, MatIconButton } from '@angular/material/button';
import { MatDialog } from '@angular/material/dialog';
import { MatMenuModule } from '@angular/material/menu';
import { MatSlideToggle } from '@angular/material/slide-toggle';
import { MatSnackBar } from '@angular/material/snack-bar';
import { Router, RouterLink } from '@angular/router';
import { deleteGenerator, type GeneratorOut, listGenerators, updateGenerator } from '@core/api';
import { type ProblemError, toProblemError } from '@core/http/problem-error';
import { unwrap } from '@core/http/unwrap';
import { PageContext } from '@core/page/page-context';
import { SignalTypes } from '@core/signals/signal-types';
import { confirm } from '@shared/confirm-dialog';
import { EmptyState } from '@shared/empty-state';
import { ErrorState } from '@shared/error-state';
import { Icon } from '@shared/icon';
import { ListHead } from '@shared/list-head';
import { SkeletonRows } from '@shared/skeleton';
import { draftFrom, toBody } from './generator-draft';

/** What watches the market and sends signals: the platform's generators and one's own. */
@Component({
  selector: 'k-generators-page',
  imports: [
    RouterLink,
    MatButton,
    MatIconButton,
    MatMenuModule,
    MatSlideToggle,
    EmptyState,
    ErrorState,
    Icon,
    ListHead,
    SkeletonRows,
  ],
  templateUrl: './generators-page.html',
  styleUrl: './generators-page.scss',
})
export class GeneratorsPage {
  private readonly dialogs = inject(MatDialog);
  private readonly messages = inject(MatSnackBar);
  private readonly router = inject(Router);
  protected readonly types = inject(SignalTypes);

  protected readonly list = resource({ loader: () => unwrap(listGenerators()) });
  protected readonly items = computed(() =>
    this.list.hasValue() ? this.list.value().items : null,
  );
  /** One's own first. */
  protected readonly groups = computed(() => {
    const items = this.items() ?? [];
    return [
      { title: 'Yours', items: items.filter((item) => item.own) },
      { title: 'From the platform', items: items.filter((item) => !item.own) },
    ];
  });
  protected readonly problem = signal<ProblemError | null>(null);
  protected readonly loadError = computed(() => {
    const error = this.list.error();
    return error ? toProblemError(error) : null;
  });

  constructor() {
    inject(PageContext).show([{ label: 'Signals', link: '/signals' }, { label: 'Generators' }]);
  }

  protected switch(generator: GeneratorOut, enabled: boolean): Promise<void> {
    return this.attempt(async () => {
      const body = toBody({ ...draftFrom(generator), enabled });
      const path = { generator_id: generator.id };
      const changed = await unwrap(updateGenerator({ path, body }));
      this.show((items) => items.map((item) => (item.id === changed.id ? changed : item)));
    });
  }

  protected async delete(generator: GeneratorOut): Promise<void> {
    const agreed = await confirm(this.dialogs, {
      title: `Delete ${generator.name}?`,
      text: 'It sends no more signals. Signals it sent are kept. This cannot be undone.',
      action: 'Delete',
    });
    if (!agreed) return;
    await this.attempt(async () => {
      await unwrap(deleteGenerator({ path: { generator_id: generator.id } }));
      this.show((items) => items.filter((item) => item.id !== generator.id));
      this.messages.open(`Deleted ${generator.name}`, undefined, { duration: 4000 });
    });
  }

  /** The link in the row serves keyboards; the rest of the row serves the mouse. */
  protected open(event: MouseEvent, generator: GeneratorOut): void {
    if ((event.target as HTMLElement).closest('a, button, mat-slide-toggle')) return;
    void this.router.navigate(['/signals/generators', generator.id]);
  }

  protected symbols({ symbols }: GeneratorOut): string {
    const shown = symbols.slice(0, 3).join(', ');
    return symbols.length > 3 ? `${shown} and ${symbols.length - 3} more` : shown;
  }

  private show(change: (items: GeneratorOut[]) => GeneratorOut[]): void {
    this.list.update((page) => page && { ...page, items: change(page.items) });
  }

  private async attempt(act: () => Promise<void>): Promise<void> {
    this.problem.set(null);
    try {
      await act();
    } catch (error) {
      this.problem.set(toProblemError(error));
    }
  }
}
