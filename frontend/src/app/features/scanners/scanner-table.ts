import { Component, inject, input, output } from '@angular/core';
import { MatIconButton } from '@angular/material/button';
import { MatMenuModule } from '@angular/material/menu';
import { Router, RouterLink } from '@angular/router';
import type { ScannerOut } from '@core/api';
import { Icon } from '@shared/icon';
import { Time } from '@shared/time';
import { type KindLook, kindLook } from './scanner-draft';
import { usersInShort } from './scanner-uses';

/** Scanners as rows: a click opens, the menu at the end acts. */
@Component({
  selector: 'k-scanner-table',
  imports: [RouterLink, MatIconButton, MatMenuModule, Icon, Time],
  templateUrl: './scanner-table.html',
  styleUrl: './scanner-table.scss',
})
export class ScannerTable {
  private readonly router = inject(Router);

  readonly items = input.required<readonly ScannerOut[]>();
  readonly refreshed = output<ScannerOut>();
  readonly deleted = output<ScannerOut>();

  protected look(scanner: ScannerOut): KindLook {
    return kindLook(scanner.kind);
  }

  protected readonly users = usersInShort;

  /** The link in the row serves keyboards; the rest of the row serves the mouse. */
  protected open(event: MouseEvent, scanner: ScannerOut): void {
    if ((event.target as HTMLElement).closest('a, button')) return;
    void this.router.navigate(['/signals/scanners', scanner.id]);
  }
}
