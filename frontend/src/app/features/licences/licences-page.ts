import { HttpClient } from '@angular/common/http';
import { Component, computed, inject, input, resource } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { firstValueFrom } from 'rxjs';
import { listLicences } from '@core/api';
import { toProblemError } from '@core/http/problem-error';
import { unwrap } from '@core/http/unwrap';
import { addressFilters } from '@core/page/address-filters';
import { EmptyState } from '@shared/empty-state';
import { ErrorState } from '@shared/error-state';
import { FilterChips } from '@shared/filter-chips';
import { Icon } from '@shared/icon';
import { ListHead } from '@shared/list-head';
import { SearchField } from '@shared/search-field';
import { SkeletonRows } from '@shared/skeleton';
import {
  choosePackages,
  type Package,
  parseThirdParty,
  type Part,
  placeOf,
  serverPackages,
  THIRD_PARTY_FILE,
} from './third-party';

const PARTS: readonly { readonly value: Part; readonly label: string }[] = [
  { value: 'browser', label: 'Browser app' },
  { value: 'server', label: 'Server' },
];

/** Whose work Kuber stands on: every package, its version, its licence, its home. */
@Component({
  selector: 'k-licences-page',
  imports: [
    MatButton,
    EmptyState,
    ErrorState,
    FilterChips,
    Icon,
    ListHead,
    SearchField,
    SkeletonRows,
  ],
  templateUrl: './licences-page.html',
  styleUrl: './licences-page.scss',
})
export class LicencesPage {
  private readonly http = inject(HttpClient);

  readonly search = input<string>();
  readonly part = input<string>();

  protected readonly parts = PARTS;
  protected readonly file = THIRD_PARTY_FILE;
  protected readonly placeOf = placeOf;
  protected readonly list = resource({ loader: () => this.load() });
  protected readonly chosenPart = computed(
    () => PARTS.find(({ value }) => value === this.part())?.value ?? null,
  );
  protected readonly all = computed(() => (this.list.hasValue() ? this.list.value() : null));
  protected readonly shown = computed(() =>
    choosePackages(this.all() ?? [], this.search() ?? '', this.chosenPart()),
  );
  protected readonly error = computed(() => {
    const error = this.list.error();
    return error ? toProblemError(error) : null;
  });

  protected readonly filter = addressFilters('/licences');

  protected labelOf(part: Part): string {
    return PARTS.find(({ value }) => value === part)?.label ?? '';
  }

  protected clear(): void {
    this.filter({ search: null, part: null });
  }

  private async load(): Promise<readonly Package[]> {
    const [server, browser] = await Promise.all([
      unwrap(listLicences()),
      firstValueFrom(this.http.get(THIRD_PARTY_FILE, { responseType: 'text' })),
    ]);
    return [...parseThirdParty(browser), ...serverPackages(server.items)];
  }
}
