import { Component, computed, input } from '@angular/core';
import { isNumeric, leafText, readable, rowsOf, tableOf } from './json-shape';

/** One level of a value: leaves as rows, lists of objects as tables, the rest nested. */
@Component({
  selector: 'k-json-branch',
  template: `
    <dl>
      @for (row of rows(); track row.key) {
        @switch (row.shape) {
          @case ('leaf') {
            <div class="leaf">
              <dt>{{ row.label }}</dt>
              <dd>{{ text(row.value) }}</dd>
            </div>
          }
          @case ('table') {
            <div class="nested">
              <dt>{{ row.label }}</dt>
              <dd class="k-table-wrap">
                @if (table(row.value); as data) {
                  <table>
                    <thead>
                      <tr>
                        @for (column of data.columns; track column) {
                          <th>{{ readable(column) }}</th>
                        }
                      </tr>
                    </thead>
                    <tbody>
                      @for (cells of data.rows; track $index) {
                        <tr>
                          @for (cell of cells; track $index) {
                            <td [class.k-num]="numeric(cell)">{{ text(cell) }}</td>
                          }
                        </tr>
                      }
                    </tbody>
                  </table>
                }
              </dd>
            </div>
          }
          @case ('branch') {
            <div class="nested">
              <dt>{{ row.label }}</dt>
              <dd><k-json-branch [value]="row.value" /></dd>
            </div>
          }
        }
      }
    </dl>
  `,
  styles: `
    dl {
      font-size: 13px;
    }
    .leaf {
      display: grid;
      grid-template-columns: minmax(96px, 38%) 1fr;
      gap: 12px;
      padding: 4px 0;
      border-bottom: 1px solid color-mix(in oklab, var(--mat-sys-outline-variant) 55%, transparent);
    }
    dt {
      color: var(--mat-sys-on-surface-variant);
    }
    dd {
      min-width: 0;
      overflow-wrap: anywhere;
    }
    .nested > dt {
      margin-top: 10px;
      color: var(--mat-sys-on-surface);
      font-weight: 500;
    }
    .nested > dd {
      padding-left: 12px;
      border-left: 2px solid var(--mat-sys-outline-variant);
    }
    table {
      width: 100%;
      border-collapse: collapse;
    }
    th,
    td {
      padding: 4px 12px 4px 0;
      border-bottom: 1px solid color-mix(in oklab, var(--mat-sys-outline-variant) 55%, transparent);
      text-align: left;
      vertical-align: top;
    }
    th {
      color: var(--mat-sys-on-surface-variant);
      font-weight: 400;
      white-space: nowrap;
    }
  `,
})
export class JsonBranch {
  readonly value = input.required<unknown>();
  protected readonly rows = computed(() => rowsOf(this.value()));
  protected readonly text = leafText;
  protected readonly table = tableOf;
  protected readonly readable = readable;
  protected readonly numeric = isNumeric;
}
