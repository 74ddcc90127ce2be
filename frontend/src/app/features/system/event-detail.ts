import { Component, computed, input } from '@angular/core';
import { RouterLink } from '@angular/router';
import { CopyField } from '@shared/copy-field';
import { JsonTree } from '@shared/json-tree/json-tree';
import { linksOf } from './event-words';

/** Something that is known of an event beside its data. */
export interface Fact {
  readonly title: string;
  readonly value: string;
  /** One may want to carry it elsewhere. */
  readonly copied?: boolean;
}

/** All that an event or entry holds: its data, what else is known of it, and where it leads. */
@Component({
  selector: 'k-event-detail',
  imports: [RouterLink, CopyField, JsonTree],
  template: `
    <div class="parts">
      <section>
        <h2>Data</h2>
        <k-json-tree [value]="data()" label="The data" emptyText="It holds nothing more." />
      </section>
      <section>
        @if (links().length) {
          <p class="links">
            @for (link of links(); track link.label) {
              <a [routerLink]="link.link">{{ link.label }}</a>
            }
          </p>
        }
        <dl>
          @for (fact of facts(); track fact.title) {
            <div>
              <dt>{{ fact.title }}</dt>
              <dd>
                @if (fact.copied) {
                  <k-copy-field [value]="fact.value" [label]="'the ' + fact.title.toLowerCase()" />
                } @else {
                  {{ fact.value }}
                }
              </dd>
            </div>
          }
        </dl>
      </section>
    </div>
  `,
  styles: `
    .parts {
      display: grid;
      grid-template-columns: minmax(0, 1fr) minmax(0, 1fr);
      gap: 16px 32px;
      white-space: normal;
    }
    section {
      display: grid;
      grid-template-columns: minmax(0, 1fr);
      gap: 10px;
      align-content: start;
      min-width: 0;
    }
    dl,
    dl div {
      display: grid;
      grid-template-columns: minmax(0, 1fr);
      gap: 4px;
    }
    dl {
      gap: 10px;
    }
    dd {
      overflow-wrap: anywhere;
    }
    dt,
    h2 {
      color: var(--mat-sys-on-surface-variant);
      font-size: 12px;
    }
    .links {
      display: flex;
      flex-wrap: wrap;
      gap: 4px 20px;
    }
    @media (max-width: 1000px) {
      .parts {
        grid-template-columns: minmax(0, 1fr);
      }
    }
  `,
})
export class EventDetail {
  readonly type = input.required<string>();
  readonly data = input.required<Readonly<Record<string, unknown>>>();
  readonly facts = input.required<readonly Fact[]>();

  protected readonly links = computed(() => linksOf(this.type(), this.data()));
}
