import { Service, inject } from '@angular/core';
import { MatDialog } from '@angular/material/dialog';
import { MatSnackBar } from '@angular/material/snack-bar';
import { Router } from '@angular/router';
import {
  activatePipeline,
  archivePipeline,
  clonePipeline,
  createPipeline,
  deletePipeline,
  exportPipeline,
  getPipelineHistory,
  importPipeline,
  type PipelineSummary,
  type TemplateOut,
  unarchivePipeline,
} from '@core/api';
import type { PagedList } from '@core/http/paged-list';
import { Attempt } from '@core/http/attempt';
import { reasonOf } from '@core/http/problem-error';
import { unwrap } from '@core/http/unwrap';
import { RowAttempt } from '@core/page/row-attempt';
import { createFromTemplate } from '@core/pipelines/open-template';
import { confirm } from '@shared/confirm-dialog';
import { download } from '@shared/download';
import { shortName } from '@shared/format/texts';
import { firstValueFrom } from 'rxjs';
import { deletionWords } from './deletion-words';
import { readExport } from './import-file';
import { RunDialog } from './run-dialog';

export type PipelineActionKind = 'run' | 'clone' | 'export' | 'archive' | 'unarchive' | 'delete';

type List = Pick<PagedList<PipelineSummary, never>, 'update' | 'reload'>;

const MESSAGE_MS = 6_000;
const NOT_DONE: Readonly<Record<PipelineActionKind, string>> = {
  run: 'not run',
  clone: 'not cloned',
  export: 'not exported',
  archive: 'not archived',
  unarchive: 'not restored',
  delete: 'not deleted',
};

/**
 * What can be done with a pipeline from a list. Why none could be made is kept in `problem` until
 * the next try; what was refused of one of them is told over the page.
 */
@Service({ autoProvided: false })
export class PipelineActions {
  private readonly router = inject(Router);
  private readonly dialogs = inject(MatDialog);
  private readonly messages = inject(MatSnackBar);
  private readonly attempt = new Attempt();
  private readonly rows = inject(RowAttempt);

  readonly problem = this.attempt.problem;

  async perform(kind: PipelineActionKind, pipeline: PipelineSummary, list: List): Promise<void> {
    const acts: Record<PipelineActionKind, () => Promise<void>> = {
      run: () => this.run(pipeline),
      clone: () => this.clone(pipeline, list),
      export: () => this.export(pipeline),
      archive: () => this.archive(pipeline, list),
      unarchive: () => this.unarchive(pipeline, list),
      delete: () => this.delete(pipeline, list),
    };
    await this.make(pipeline, kind, acts[kind]);
  }

  createBlank(): Promise<void> {
    return this.begin(async () => {
      const graph = { nodes: [], edges: [], notes: [] };
      const made = await unwrap(createPipeline({ body: { name: 'New pipeline', graph } }));
      await this.router.navigate(['/pipelines', made.id]);
    });
  }

  /** The pipeline takes the template's name; the editor opens on `symbol` where one is given. */
  createFrom(template: TemplateOut, symbol?: string): Promise<void> {
    const open = async (): Promise<void> => {
      const { commands, queryParams } = await createFromTemplate(template, symbol);
      await this.router.navigate(commands, { queryParams });
    };
    return this.begin(open, `No pipeline was made from ${template.name}`);
  }

  importFile(input: HTMLInputElement): Promise<void> {
    const file = input.files?.[0];
    input.value = '';
    if (!file) return Promise.resolve();
    return this.begin(async () => {
      const body = readExport(file.name, await file.text());
      const made = await unwrap(importPipeline({ body }));
      await this.router.navigate(['/pipelines', made.id]);
    });
  }

  private async run(pipeline: PipelineSummary): Promise<void> {
    const opened = this.dialogs.open(RunDialog, { data: pipeline, width: '440px' });
    await firstValueFrom(opened.afterClosed());
  }

  private async clone({ id }: PipelineSummary, list: List): Promise<void> {
    const made = await unwrap(clonePipeline({ path: { pipeline_id: id } }));
    await list.reload();
    this.say(`Cloned as ${shortName(made.name)}`, 'Open', () =>
      this.router.navigate(['/pipelines', made.id]),
    );
  }

  private async export({ id, name }: PipelineSummary): Promise<void> {
    const data = await unwrap(exportPipeline({ path: { pipeline_id: id } }));
    download(`${fileName(name)}.kuber.json`, JSON.stringify(data, null, 2));
  }

  private async archive(pipeline: PipelineSummary, list: List): Promise<void> {
    await unwrap(archivePipeline({ path: { pipeline_id: pipeline.id } }));
    list.update((items) => items.map((item) => withStatus(item, pipeline.id, 'archived')));
    this.say(`Archived ${shortName(pipeline.name)}`, 'Undo', () =>
      this.make(pipeline, 'unarchive', () => this.undoArchive(pipeline, list)),
    );
  }

  /** Brings a pipeline back as it was: one that was active is switched on again. */
  private async undoArchive(pipeline: PipelineSummary, list: List): Promise<void> {
    await this.restore(pipeline, list);
    if (pipeline.status === 'active') await this.switchOn(pipeline, list);
  }

  /** An archive is left switched off: after a while, nothing is to start unasked. */
  private async unarchive(pipeline: PipelineSummary, list: List): Promise<void> {
    await this.restore(pipeline, list);
    if ((pipeline.trigger.kind ?? 'manual') === 'manual')
      return this.say(`Restored ${shortName(pipeline.name)}`);
    this.say(`Restored ${shortName(pipeline.name)}, switched off`, 'Switch on', () =>
      this.rows.make(
        `${shortName(pipeline.name)} was not switched on`,
        () => this.switchOn(pipeline, list),
        `switch on ${pipeline.id}`,
      ),
    );
  }

  private async restore({ id }: PipelineSummary, list: List): Promise<void> {
    const { status } = await unwrap(unarchivePipeline({ path: { pipeline_id: id } }));
    list.update((items) => items.map((item) => withStatus(item, id, status)));
  }

  private async switchOn({ id, name }: PipelineSummary, list: List): Promise<void> {
    try {
      const { status } = await unwrap(activatePipeline({ path: { pipeline_id: id } }));
      list.update((items) => items.map((item) => withStatus(item, id, status)));
      this.say(`Restored ${shortName(name)}, switched on`);
    } catch (error) {
      this.say(`Restored ${shortName(name)}, switched off. ${reasonOf(error)}`);
    }
  }

  private async delete({ id, name, status }: PipelineSummary, list: List): Promise<void> {
    const history = await unwrap(getPipelineHistory({ path: { pipeline_id: id } }));
    const agreed = await confirm(this.dialogs, {
      title: 'Delete this pipeline?',
      text: deletionWords(history, status === 'active'),
      action: 'Delete',
      typedName: name,
    });
    if (!agreed) return;
    await unwrap(deletePipeline({ path: { pipeline_id: id } }));
    list.update((items) => items.filter((item) => item.id !== id));
    this.say(`Deleted ${shortName(name)}`);
  }

  private make(
    { id, name }: PipelineSummary,
    kind: PipelineActionKind,
    act: () => Promise<void>,
  ): Promise<boolean> {
    return this.rows.make(`${shortName(name)} was ${NOT_DONE[kind]}`, act, `${kind} ${id}`);
  }

  /**
   * Makes a pipeline that the editor opens on: one at a time, whatever it is made from. `failed`
   * says over the page what was not done, where the button may be far from its top.
   */
  private async begin(act: () => Promise<void>, failed?: string): Promise<void> {
    const told = (error: unknown): void => {
      if (!failed) throw error;
      this.rows.tell(failed, error, () => this.begin(act, failed));
    };
    await this.attempt.make(() => act().catch(told), 'begin');
  }

  private say(text: string, action?: string, act?: () => Promise<unknown>): void {
    const shown = this.messages.open(text, action, { duration: MESSAGE_MS });
    if (act) shown.onAction().subscribe(() => void act());
  }
}

function withStatus(
  item: PipelineSummary,
  id: string,
  status: PipelineSummary['status'],
): PipelineSummary {
  return item.id === id ? { ...item, status } : item;
}

function fileName(name: string): string {
  return (
    name
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-|-$/g, '') || 'pipeline'
  );
}
