import { Injectable, signal } from '@angular/core';
import { listPipelines, type PipelineList, type PipelineStatus } from '@core/api';
import { unwrap } from '@core/http/unwrap';

const PAGE_SIZE = 100;
/** Names are looked for on so many pages, of those in use and of the archived each. */
const MOST_PAGES = 5;

/** The names of the user's pipelines by their ids. Each page that shows some provides its own. */
@Injectable()
export class PipelineNames {
  private readonly names = signal<ReadonlyMap<string, string>>(new Map());
  private readonly sought = new Set<string>();

  /** The name, or undefined for a pipeline that is not known, is gone or somebody else's. */
  nameOf(id: string): string | undefined {
    return this.names().get(id);
  }

  /** Looks up those that were not looked for before; what cannot be read stays unknown for now. */
  async find(ids: Iterable<string>): Promise<void> {
    const wanted = new Set([...ids].filter((id) => !this.sought.has(id)));
    if (!wanted.size) return;
    for (const id of wanted) this.sought.add(id);
    try {
      for (const status of [undefined, 'archived'] as const) await this.read(wanted, status);
    } catch {
      for (const id of wanted) this.sought.delete(id);
    }
  }

  private async read(wanted: Set<string>, status?: PipelineStatus): Promise<void> {
    let cursor: string | null = null;
    for (let page = 0; page < MOST_PAGES && wanted.size; page++) {
      const { items, next_cursor }: PipelineList = await unwrap(
        listPipelines({ query: { status, cursor, limit: PAGE_SIZE } }),
      );
      this.names.update((known) => new Map([...known, ...items.map(named)]));
      for (const { id } of items) wanted.delete(id);
      cursor = next_cursor ?? null;
      if (cursor === null) return;
    }
  }
}

function named({ id, name }: { readonly id: string; readonly name: string }): [string, string] {
  return [id, name];
}
