import { Component, computed, inject } from '@angular/core';
import { MatButton, MatIconButton } from '@angular/material/button';
import { MatDialog } from '@angular/material/dialog';
import { MatMenuModule } from '@angular/material/menu';
import { MatSlideToggle, type MatSlideToggleChange } from '@angular/material/slide-toggle';
import { MatSnackBar } from '@angular/material/snack-bar';
import { Router, RouterLink } from '@angular/router';
import { deleteGenerator, type GeneratorOut, listGenerators, updateGenerator } from '@core/api';
import { unwrap } from '@core/http/unwrap';
import { keptList } from '@core/page/kept-list';
import { PageContext } from '@core/page/page-context';
import { RowAttempt } from '@core/page/row-attempt';
import { SignalTypes } from '@core/signals/signal-types';
import { confirm } from '@shared/confirm-dialog';
import { EmptyState } from '@shared/empty-state';
import { shortName } from '@shared/format/texts';
import { Icon } from '@shared/icon';
import { ListFrame } from '@shared/list-frame';
import { ListHead } from '@shared/list-head';
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
    Icon,
    ListFrame,
    ListHead,
  ],
  templateUrl: './generators-page.html',
  styleUrl: './generators-page.scss',
})
export class GeneratorsPage {
  private readonly dialogs = inject(MatDialog);
  private readonly messages = inject(MatSnackBar);
  private readonly router = inject(Router);
  private readonly attempt = inject(RowAttempt);
  protected readonly types = inject(SignalTypes);

  protected readonly list = keptList<GeneratorOut, object>('generators', () =>
    unwrap(listGenerators()),
  );
  private readonly own = { title: 'Yours', list: this.part(({ own }) => own) };
  /** Why the one list could not be read is said once, above. */
  private readonly others = {
    title: 'From the platform',
    list: { ...this.part(({ own }) => !own), error: () => null },
  };
  /** One's own first, even when there are none. */
  protected readonly groups = computed(() =>
    this.others.list.items().length ? [this.own, this.others] : [this.own],
  );

  constructor() {
    inject(PageContext).show([{ label: 'Signals', link: '/signals' }, { label: 'Generators' }]);
    void this.list.load({});
  }

  /** The switch goes back when it could not be done. */
  protected async switch(generator: GeneratorOut, change: MatSlideToggleChange): Promise<void> {
    const enabled = change.checked;
    const failed = `${shortName(generator.name)} was not switched ${enabled ? 'on' : 'off'}`;
    const save = async (): Promise<void> => {
      const body = toBody({ ...draftFrom(generator), enabled });
      const path = { generator_id: generator.id };
      const changed = await unwrap(updateGenerator({ path, body }));
      this.list.update((items) => items.map((item) => (item.id === changed.id ? changed : item)));
    };
    const done = await this.attempt.make(failed, save, `switch ${generator.id}`);
    if (!done) change.source.checked = !enabled;
  }

  protected async delete(generator: GeneratorOut): Promise<void> {
    const agreed = await confirm(this.dialogs, {
      title: `Delete ${generator.name}?`,
      text: 'It sends no more signals. Signals it sent are kept. This cannot be undone.',
      action: 'Delete',
    });
    if (!agreed) return;
    const failed = `${shortName(generator.name)} was not deleted`;
    const remove = async (): Promise<void> => {
      await unwrap(deleteGenerator({ path: { generator_id: generator.id } }));
      this.list.update((items) => items.filter((item) => item.id !== generator.id));
      this.messages.open(`Deleted ${generator.name}`, undefined, { duration: 4000 });
    };
    await this.attempt.make(failed, remove, `delete ${generator.id}`);
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

  /** The list with the items alone that belong there. */
  private part(belongs: (item: GeneratorOut) => boolean) {
    const { error, loadingFirst, hasMore, loadingMore, moreError } = this.list;
    const items = computed(() => this.list.items().filter(belongs));
    const [reload, more] = [() => this.list.reload(), () => this.list.more()];
    return { items, error, loadingFirst, hasMore, loadingMore, moreError, reload, more };
  }
}
