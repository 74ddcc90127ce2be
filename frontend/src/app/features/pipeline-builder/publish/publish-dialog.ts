import { Component, computed, inject, signal } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { MAT_DIALOG_DATA, MatDialogModule, MatDialogRef } from '@angular/material/dialog';
import { ErrorState } from '@shared/error-state';
import { Notice } from '@shared/notice';
import { shortName } from '@shared/format/texts';
import { Skeleton } from '@shared/skeleton';
import { startInWords } from '../domain/changes';
import { startGap } from '../domain/trigger';
import { count } from '../domain/words';
import { Autosave } from '../state/autosave';
import { EditorStore } from '../state/editor-store';
import { PipelineDocument } from '../state/pipeline-document';
import { ProblemList } from '../state/problem-list';
import { Publication } from '../state/publication';
import { Publisher } from '../state/publisher';
import { RunSession } from '../state/run-session';
import { StartSwitch } from '../state/start-switch';
import { VersionPicture } from '../versions/version-picture';

/** What is to be done: publish, or publish and switch on that it starts by itself. */
export type PublishPurpose = 'publish' | 'switch-on';

/** Shows what publishing changes, takes a name and a note, and does it. Closes with whether it did. */
@Component({
  selector: 'k-publish-dialog',
  imports: [ErrorState, MatButton, MatDialogModule, Notice, Skeleton, VersionPicture],
  templateUrl: './publish-dialog.html',
  styles: `
    h3 {
      margin: 16px 0 6px;
    }
    ul {
      margin: 8px 0 0;
      padding-left: 20px;
      color: var(--mat-sys-on-surface);
      overflow-wrap: anywhere;
    }
    k-version-picture,
    k-skeleton,
    k-notice,
    k-error-state {
      margin-top: 12px;
    }
    h3 + k-version-picture,
    h3 + k-skeleton {
      margin-top: 0;
    }
    .k-label {
      margin-top: 16px;
    }
    textarea {
      height: auto;
      padding-block: 6px;
      resize: vertical;
    }
  `,
})
export class PublishDialog {
  private readonly autosave = inject(Autosave);
  private readonly document = inject(PipelineDocument);
  private readonly publisher = inject(Publisher);
  private readonly session = inject(RunSession);
  private readonly switch = inject(StartSwitch);
  private readonly purpose = inject<PublishPurpose>(MAT_DIALOG_DATA);
  protected readonly dialog = inject<MatDialogRef<PublishDialog, boolean>>(MatDialogRef);
  protected readonly editor = inject(EditorStore);
  protected readonly problems = inject(ProblemList);
  protected readonly publication = inject(Publication);

  protected readonly busy = computed(() => this.publisher.busy() || this.switch.busy());
  protected readonly blocked = computed(() => this.problems.count() > 0);
  protected readonly problemText = computed(() => count(this.problems.count(), 'problem'));
  /** Somebody else was faster: it is settled on the page, before anything is published. */
  protected readonly clash = computed(() => (this.autosave.stuck() ? this.autosave.reason() : ''));
  protected readonly ready = computed(
    () => this.publication.differs() && !this.busy() && !this.clash(),
  );
  /** What is published could start by itself without the draft. */
  protected readonly asPublished = computed(() => {
    const start = this.document.facts()?.publishedTrigger;
    const timed = !!start && start.kind !== 'manual' && !startGap(start);
    return this.purpose === 'switch-on' && this.publication.version() > 0 && timed;
  });
  private readonly tried = signal(false);
  protected readonly error = computed(() =>
    this.tried() && !this.clash() ? (this.publisher.problem() ?? this.switch.problem()) : null,
  );
  private readonly start = this.document.trigger;
  private readonly idle = computed(
    () => this.start().kind === 'manual' || !!startGap(this.start()),
  );
  /** It is active, and what is published would start nothing by itself. */
  protected readonly stops = computed(() => this.switch.active() && this.idle());

  protected readonly title = computed(() => {
    const name = shortName(this.document.name());
    return this.purpose === 'switch-on' ? `Publish ${name} and switch it on` : `Publish ${name}`;
  });
  protected readonly action = computed(() => {
    if (this.stops()) return 'Switch off and publish';
    return this.purpose === 'switch-on' ? 'Publish and switch on' : 'Publish';
  });
  protected readonly effect = computed(() => {
    const version = this.publication.version();
    const next = version ? `Version ${version + 1}` : 'It';
    if (this.stops()) {
      const gap = startGap(this.start());
      const why = gap
        ? `How it starts is not complete: ${gap}`
        : 'Started by hand, it never starts by itself.';
      return `${why} So it is switched off first; version ${version} starts no more runs.`;
    }
    const starts = `starts ${startInWords(this.start())}`;
    if (this.switch.active())
      return `It is active: version ${version + 1} takes the place of version ${version} at once, and ${starts}.`;
    if (this.purpose === 'switch-on')
      return `${next} is published and switched on: it ${starts}, until it is switched off.`;
    return version
      ? `Version ${version + 1} is what runs from then on, except by Run in the editor.`
      : 'What is published is what runs, except by Run in the editor: that runs the draft on the screen.';
  });

  protected async act(name: string, note: string): Promise<void> {
    this.tried.set(true);
    const body = { name: name.trim() || null, note: note.trim() || null };
    const done =
      (!this.stops() || (await this.switch.turn(false))) &&
      (await this.publisher.publish(body)) &&
      (this.purpose !== 'switch-on' || (await this.switch.turn(true)));
    if (done) this.dialog.close(true);
    else if (this.publisher.refusedFor(this.problems)) this.showProblems();
  }

  /** The draft stays a draft. */
  protected async switchOnPublished(): Promise<void> {
    this.tried.set(true);
    if (await this.switch.turn(true)) this.dialog.close(true);
  }

  protected showProblems(): void {
    this.dialog.close(false);
    this.session.showNextProblem();
  }
}
