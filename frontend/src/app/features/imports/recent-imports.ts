import { Component, input, output } from '@angular/core';
import { MatIconButton } from '@angular/material/button';
import { MatMenuModule } from '@angular/material/menu';
import type { ImportView } from '@core/api';
import { Icon } from '@shared/icon';
import { Time } from '@shared/time';
import { atWork } from './import-job';
import { barsInWords, PHASE_LOOKS } from './import-words';

/** What can be done with an import in the list. */
export type ImportAct = 'open' | 'undo' | 'discard';

/** Imports and previews, newest first. */
@Component({
  selector: 'k-recent-imports',
  imports: [MatIconButton, MatMenuModule, Icon, Time],
  templateUrl: './recent-imports.html',
  styleUrl: './recent-imports.scss',
})
export class RecentImports {
  readonly items = input.required<readonly ImportView[]>();
  readonly acted = output<{ readonly act: ImportAct; readonly view: ImportView }>();

  protected readonly looks = PHASE_LOOKS;
  protected readonly words = barsInWords;

  protected stateOf(view: ImportView): string {
    const { label } = PHASE_LOOKS[view.status];
    const moves = view.status === 'checking' || view.status === 'loading';
    return moves ? `${label}, ${Math.floor(view.progress * 100)}%` : label;
  }

  /** What it says of its contents, or of what is wrong with it. */
  protected aboutOf(view: ImportView): string {
    if (view.status === 'refused' || view.status === 'failed') {
      return view.problems[0]?.message ?? '';
    }
    return barsInWords(view);
  }

  protected actsOf({ status }: ImportView): readonly { act: ImportAct; label: string }[] {
    if (status === 'done') return [{ act: 'undo', label: 'Undo' }];
    if (status === 'undone') return [];
    if (atWork(status) && status !== 'checking') {
      return [
        { act: 'open', label: 'Open' },
        { act: 'undo', label: 'Stop' },
      ];
    }
    return [
      { act: 'open', label: 'Open' },
      { act: 'discard', label: 'Throw away' },
    ];
  }
}
