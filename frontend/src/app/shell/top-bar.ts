import { Component, inject } from '@angular/core';
import { MatIconButton } from '@angular/material/button';
import { MatMenuModule } from '@angular/material/menu';
import { RouterLink } from '@angular/router';
import { Departure } from '@core/auth/departure';
import { Session } from '@core/auth/session';
import { PageContext } from '@core/page/page-context';
import { SystemInfoStore } from '@core/system/system-info';
import { Theme } from '@core/theme/theme';
import { Icon } from '@shared/icon';
import { ModeBadge } from '@shared/mode-badge';
import { CloseAllButton } from './close-all-button';
import { ConnectionDot } from './connection-dot';
import { GlobalSearch } from './global-search';
import { NoticeBell } from './notice-bell';

/** Where one is, search, connection, data source, mode, notices, theme, account. */
@Component({
  selector: 'k-top-bar',
  imports: [
    RouterLink,
    MatIconButton,
    MatMenuModule,
    Icon,
    CloseAllButton,
    ModeBadge,
    GlobalSearch,
    ConnectionDot,
    NoticeBell,
  ],
  templateUrl: './top-bar.html',
  styleUrl: './top-bar.scss',
  host: { '[class.live]': 'page.mode() === "live"' },
})
export class TopBar {
  protected readonly page = inject(PageContext);
  protected readonly theme = inject(Theme);
  protected readonly system = inject(SystemInfoStore);
  protected readonly session = inject(Session);
  protected readonly departure = inject(Departure);
}
