import { Component, inject } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { MatDialog } from '@angular/material/dialog';
import { MatMenuModule } from '@angular/material/menu';
import { MatSnackBar } from '@angular/material/snack-bar';
import { RouterLink } from '@angular/router';
import { deleteScanner, listScanners, refreshScanner, type ScannerOut } from '@core/api';
import { unwrap } from '@core/http/unwrap';
import { keptList } from '@core/page/kept-list';
import { PageContext } from '@core/page/page-context';
import { RowAttempt } from '@core/page/row-attempt';
import { confirm } from '@shared/confirm-dialog';
import { EmptyState } from '@shared/empty-state';
import { shortName } from '@shared/format/texts';
import { Icon } from '@shared/icon';
import { ListFrame } from '@shared/list-frame';
import { ListHead } from '@shared/list-head';
import { KINDS } from './scanner-draft';
import { deletionWords } from './scanner-uses';
import { ScannerTable } from './scanner-table';

const PAGE_SIZE = 50;
const MESSAGE_MS = 4_000;

/** The ticker lists that signals are held against. */
@Component({
  selector: 'k-scanners-page',
  imports: [
    RouterLink,
    MatButton,
    MatMenuModule,
    EmptyState,
    ListFrame,
    ListHead,
    Icon,
    ScannerTable,
  ],
  templateUrl: './scanners-page.html',
  styleUrl: './scanners-page.scss',
})
export class ScannersPage {
  private readonly dialogs = inject(MatDialog);
  private readonly messages = inject(MatSnackBar);

  protected readonly kinds = KINDS;
  protected readonly list = keptList<ScannerOut, object>('scanners', (_query, cursor) =>
    unwrap(listScanners({ query: { cursor, limit: PAGE_SIZE } })),
  );
  private readonly attempt = inject(RowAttempt);

  constructor() {
    inject(PageContext).show([{ label: 'Signals', link: '/signals' }, { label: 'Scanners' }]);
    void this.list.load({});
  }

  protected async refresh(scanner: ScannerOut): Promise<void> {
    const failed = `${shortName(scanner.name)} was not refreshed`;
    const refresh = async (): Promise<void> => {
      const found = await unwrap(refreshScanner({ path: { scanner_id: scanner.id } }));
      this.list.update((items) => items.map((item) => (item.id === found.id ? found : item)));
      const words = found.refresh_error ?? `${found.name}: ${found.tickers.length} tickers`;
      this.messages.open(words, undefined, { duration: MESSAGE_MS });
    };
    await this.attempt.make(failed, refresh, `refresh ${scanner.id}`);
  }

  protected async delete(scanner: ScannerOut): Promise<void> {
    const agreed = await confirm(this.dialogs, {
      title: `Delete ${scanner.name}?`,
      text: deletionWords(scanner),
      action: 'Delete',
    });
    if (!agreed) return;
    const failed = `${shortName(scanner.name)} was not deleted`;
    const remove = async (): Promise<void> => {
      await unwrap(deleteScanner({ path: { scanner_id: scanner.id } }));
      this.list.update((items) => items.filter((item) => item.id !== scanner.id));
      this.messages.open(`Deleted ${scanner.name}`, undefined, { duration: MESSAGE_MS });
    };
    await this.attempt.make(failed, remove, `delete ${scanner.id}`);
  }
}
