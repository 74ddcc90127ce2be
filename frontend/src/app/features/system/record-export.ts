import {
  HttpClient,
  HttpContext,
  type HttpEvent,
  HttpEventType,
  type HttpResponse,
} from '@angular/common/http';
import { Component, computed, inject, signal } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { Attempt } from '@core/http/attempt';
import { ENDS_AT_LOG_OUT } from '@core/http/auth-interceptor';
import { download } from '@shared/download';
import { ErrorState } from '@shared/error-state';
import { formatSize } from '@shared/format/numbers';
import { localMoment } from '@shared/format/times';
import { filter, lastValueFrom, tap } from 'rxjs';

const ADDRESS = '/api/v1/audit/export';
const DAY_LENGTH = 10;

/** Saves the whole record as a file that can be verified without Kuber. */
@Component({
  selector: 'k-record-export',
  imports: [MatButton, ErrorState],
  template: `
    <div class="head">
      <div>
        <h2>Export</h2>
        <p class="k-muted">
          The whole record as a file, an entry a line. Check it without Kuber:
          <code>python3 docs/examples/verify_audit.py {{ name() }}</code>
        </p>
      </div>
      <button
        matButton="outlined"
        type="button"
        [disabled]="busy()"
        disabledInteractive
        (click)="export()"
      >
        {{ busy() ? 'Exporting' : 'Export' }}
      </button>
    </div>
    <p class="k-muted small" role="status">{{ said() }}</p>
    @if (problem(); as error) {
      <k-error-state [error]="error" (retry)="export()" />
    }
  `,
  styles: `
    :host {
      display: grid;
      grid-template-columns: minmax(0, 1fr);
      gap: 8px;
      padding: 16px;
      border: 1px solid var(--mat-sys-outline-variant);
      border-radius: 8px;
    }
    .head {
      display: flex;
      align-items: flex-start;
      justify-content: space-between;
      gap: 16px;
    }
    .head p {
      max-width: 90ch;
      font-size: 13px;
    }
    button {
      flex: none;
    }
    code {
      display: block;
      margin-top: 4px;
      overflow-wrap: anywhere;
      font: 12px / 16px var(--k-mono);
    }
    .small {
      font-size: 12px;
      line-height: 16px;
    }
    .small:empty {
      display: none;
    }
    @media (max-width: 700px) {
      .head {
        flex-direction: column;
      }
    }
  `,
})
export class RecordExport {
  private readonly http = inject(HttpClient);
  private readonly attempt = new Attempt();
  /** Bytes that have come. */
  private readonly come = signal(0);
  private readonly saved = signal('');

  protected readonly busy = this.attempt.busy;
  protected readonly problem = this.attempt.problem;
  protected readonly name = signal(nameOfToday());
  /** How far it is, and what came of it. */
  protected readonly said = computed(() => {
    if (!this.busy()) return this.saved();
    return this.come() ? `${formatSize(this.come())} so far` : 'The file is being made.';
  });

  /** Goes on while the page is left: the file is saved all the same. */
  protected async export(): Promise<void> {
    await this.attempt.make(async () => {
      this.come.set(0);
      this.saved.set('');
      this.name.set(nameOfToday());
      const { body } = await this.fetch();
      download(this.name(), body ?? new Blob());
      this.saved.set(`Saved as ${this.name()}, ${formatSize(body?.size ?? 0)}.`);
    });
  }

  private fetch(): Promise<HttpResponse<Blob>> {
    const context = new HttpContext().set(ENDS_AT_LOG_OUT, true);
    const request = this.http.get(ADDRESS, {
      context,
      observe: 'events',
      reportProgress: true,
      responseType: 'blob',
    });
    return lastValueFrom(
      request.pipe(
        tap((event) => {
          if (event.type === HttpEventType.DownloadProgress) this.come.set(event.loaded);
        }),
        filter(isWhole),
      ),
    );
  }
}

function isWhole(event: HttpEvent<Blob>): event is HttpResponse<Blob> {
  return event.type === HttpEventType.Response;
}

function nameOfToday(): string {
  return `kuber-record-${localMoment(new Date().toISOString()).slice(0, DAY_LENGTH)}.jsonl`;
}
