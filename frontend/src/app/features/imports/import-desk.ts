import { computed, effect, inject, Service, signal, untracked } from '@angular/core';
import { MatDialog } from '@angular/material/dialog';
import { Subject } from 'rxjs';
import {
  correctImport,
  deleteImportedBars,
  getImport,
  importBars,
  type ImportView,
} from '@core/api';
import { Session } from '@core/auth/session';
import { toProblemError } from '@core/http/problem-error';
import { unwrap } from '@core/http/unwrap';
import { UPLOAD_CLIENT } from '@core/http/upload-client';
import { UnsavedWork } from '@core/page/unsaved-work';
import { confirm } from '@shared/confirm-dialog';
import { atWork, ImportJob } from './import-job';
import { doubtsOf } from './import-words';
import { localFile, refusalOf } from './local-file';
import { GivenUp, sendFile } from './send-file';
import { isZip, unpack } from './unpack';

/**
 * The files that are being imported in this tab. They stay while one walks to other pages, and are
 * sent, checked and imported one after another: the server does one at a time for each user.
 */
@Service()
export class ImportDesk {
  private readonly http = inject(UPLOAD_CLIENT);
  private readonly session = inject(Session);
  private readonly dialogs = inject(MatDialog);
  private readonly all = signal<readonly ImportJob[]>([]);
  private readonly news = new Subject<ImportView>();
  private turn: Promise<unknown> = Promise.resolve();
  private owner: string | null = null;

  readonly jobs = this.all.asReadonly();
  /** Tells of every import that has changed. */
  readonly changed = this.news.asObservable();
  readonly ready = computed(() =>
    this.all().filter((job) => job.phase() === 'previewed' && !job.busy() && !job.refused()),
  );

  constructor() {
    this.owner = this.session.owner();
    effect(() => {
      const owner = this.session.owner();
      if (owner !== this.owner) untracked(() => this.clear());
      this.owner = owner;
    });
    inject(UnsavedWork).watch({
      waits: () => this.all().some((job) => ['waiting', 'sending'].includes(job.phase())),
      ask: (forGood) => (forGood ? this.askToStop() : Promise.resolve(true)),
    });
  }

  /**
   * Takes in files of this computer; a zip is unpacked, and each file in it is one. What names no
   * symbol is taken for `symbol`, if there is one.
   */
  async add(files: readonly File[], symbol = ''): Promise<void> {
    const chosen = files.map((file) => {
      const whole = isZip(file.name) ? null : localFile(file);
      return { file, whole, job: new ImportJob(file.name, file.size, whole, symbol) };
    });
    this.put(...chosen.map(({ job }) => job));
    await Promise.all(
      chosen.map(({ file, whole, job }) => (whole ? this.take(job) : this.takeZip(job, file))),
    );
  }

  /** Sends a file that could not be sent. */
  send(job: ImportJob): void {
    job.problem.set(null);
    job.sent.set(null);
    void this.inTurn(job, async () => {
      const view = await sendFile(this.http, job);
      this.show(job, view);
      const names = view.understood['symbol'] ?? view.said.symbol;
      // Where its own name tells of another symbol, a person says which it is.
      if (!job.symbol || names || job.asks) return;
      job.type('symbol', job.symbol);
      job.taken.set(true);
      void this.correct(job);
    });
  }

  /** Previews a file again with what is typed on its card. */
  async correct(job: ImportJob): Promise<void> {
    const view = job.view();
    if (!view || job.busy()) return;
    const said = job.said(view);
    job.fault.set(null);
    job.busy.set(true);
    await this.inTurn(job, async () => {
      try {
        this.show(job, await unwrap(correctImport({ path: { id: view.id }, body: said })));
        job.drafts.set({});
      } catch (error) {
        job.fault.set(toProblemError(error));
      }
    });
    job.busy.set(false);
  }

  /**
   * Imports what was previewed, and nothing else: what is typed is previewed first, and imported
   * only if that goes well.
   */
  async start(job: ImportJob): Promise<void> {
    if (job.busy() || job.refused() || job.phase() !== 'previewed') return;
    const seen = doubtsIn(job);
    if (job.changed()) await this.correct(job);
    // What speaks against it now was on nobody's screen yet.
    if (doubtsIn(job).some((doubt) => !seen.includes(doubt))) return;
    const view = job.view();
    if (view?.status !== 'previewed' || job.busy() || job.changed() || job.given) return;
    job.problem.set(null);
    job.busy.set(true);
    await this.inTurn(job, async () => {
      await unwrap(importBars({ body: { preview_id: view.id, sha256: view.sha256 } }));
      this.show(job, await this.read(view.id));
    });
    job.busy.set(false);
  }

  startAll(): void {
    for (const job of this.ready()) void this.start(job);
  }

  /** Undoes an import that is done, or gives up one that is not; throws ProblemError. */
  async undo(view: ImportView): Promise<void> {
    await unwrap(deleteImportedBars({ path: { id: view.id } }));
    const now = await this.read(view.id);
    this.jobOf(view.id)?.view.set(now);
    this.news.next(now);
  }

  /** Takes a file off the page; one that is not imported yet is thrown away. */
  async discard(job: ImportJob): Promise<void> {
    job.giveUp();
    const view = job.view();
    const kept = !view || ['done', 'undone', 'failed'].includes(view.status);
    if (kept) return this.remove(job);
    job.busy.set(true);
    try {
      await this.undo(view);
      this.remove(job);
    } catch (error) {
      job.problem.set(toProblemError(error));
    }
    job.busy.set(false);
  }

  /** Puts an import that was left behind on the page again. */
  reopen(view: ImportView): ImportJob {
    const known = this.jobOf(view.id);
    if (known) return known;
    const job = ImportJob.of(view);
    this.put(job);
    return job;
  }

  /** Asks how far everything is that goes on by itself. */
  async refresh(): Promise<void> {
    const moving = this.all().filter((job) => job.view() && atWork(job.phase()) && !job.busy());
    for (const job of moving) {
      const view = job.view();
      if (!view) continue;
      const now = await this.read(view.id);
      if (!job.busy() && job.view()?.id === now.id) this.show(job, now);
    }
  }

  private jobOf(id: string): ImportJob | undefined {
    return this.all().find((job) => job.view()?.id === id);
  }

  private read(id: string): Promise<ImportView> {
    return unwrap(getImport({ path: { id } }));
  }

  private show(job: ImportJob, view: ImportView): void {
    job.view.set(view);
    this.news.next(view);
  }

  private take(job: ImportJob): void {
    const refusal = job.file && refusalOf(job.file);
    if (refusal) job.problem.set(refusal);
    else this.send(job);
  }

  /** The files in a zip stand where it stood. */
  private async takeZip(job: ImportJob, zip: File): Promise<void> {
    job.holdUp.set('Looking into the zip');
    try {
      const members = await unpack(zip);
      if (job.given) return;
      const inside = members.map((one) => new ImportJob(one.name, one.size, one, job.symbol));
      this.all.update((jobs) => jobs.flatMap((one) => (one === job ? inside : [one])));
      for (const one of inside) this.take(one);
    } catch (error) {
      job.holdUp.set(null);
      job.problem.set(toProblemError(error));
    }
  }

  /** What comes last stands on top. */
  private put(...added: readonly ImportJob[]): void {
    this.all.update((jobs) => [...added, ...jobs]);
  }

  private remove(job: ImportJob): void {
    this.all.update((jobs) => jobs.filter((one) => one !== job));
  }

  private clear(): void {
    for (const job of this.all()) job.giveUp();
    this.all.set([]);
  }

  /** Does `work` after all that was asked for before it; what goes wrong stands on the card. */
  private inTurn(job: ImportJob, work: () => Promise<void>): Promise<void> {
    const next = this.turn.then(async () => {
      if (job.given) return;
      try {
        await work();
      } catch (error) {
        if (!(error instanceof GivenUp)) job.problem.set(toProblemError(error));
      }
    });
    this.turn = next;
    return next;
  }

  private async askToStop(): Promise<boolean> {
    return confirm(this.dialogs, {
      title: 'Stop sending files?',
      text: 'Files are still on their way to the server. What has not arrived has to be chosen again.',
      action: 'Stop',
    });
  }
}

function doubtsIn(job: ImportJob): readonly string[] {
  const view = job.view();
  return view ? doubtsOf(view) : [];
}
