import { inject, Injector, Service } from '@angular/core';
import { MatDialog } from '@angular/material/dialog';
import { firstValueFrom } from 'rxjs';
import { Autosave } from '../state/autosave';
import { ProblemList } from '../state/problem-list';
import { Publication } from '../state/publication';
import { Publisher } from '../state/publisher';
import { RunSession } from '../state/run-session';
import { StartSwitch } from '../state/start-switch';
import { PublishDialog, type PublishPurpose } from './publish-dialog';

/** The ways to publish: at once when there is nothing to think about, else after a look. */
@Service({ autoProvided: false })
export class Publishing {
  private readonly autosave = inject(Autosave);
  private readonly dialogs = inject(MatDialog);
  private readonly injector = inject(Injector);
  private readonly problems = inject(ProblemList);
  private readonly publication = inject(Publication);
  private readonly publisher = inject(Publisher);
  private readonly session = inject(RunSession);
  private readonly switch = inject(StartSwitch);

  /** Publishes; leads to the next problem while there is one, and asks while it is active. */
  async publish(): Promise<void> {
    // A button that is off still tells of itself, and of a press.
    if (!this.publication.differs() || this.clashes()) return;
    if (this.problems.count()) return this.session.showNextProblem();
    if (this.switch.active()) return void (await this.ask('publish'));
    this.session.refusal.set(null);
    if (await this.publisher.publish()) return;
    if (this.publisher.refusedFor(this.problems)) return this.session.showNextProblem();
    const problem = this.publisher.problem();
    if (!problem || this.clashes()) return;
    const text = problem.code === 'unsaved' ? problem.title : `Not published. ${problem.detail}`;
    const missed = problem.outage ? 'Perhaps not published' : '';
    this.session.refuse(text, { missed });
  }

  /** Shows what publishing changes, and asks; resolves to whether it was done. */
  async ask(purpose: PublishPurpose): Promise<boolean> {
    if (this.clashes()) return false;
    this.publisher.dismiss();
    const opened = this.dialogs.open<PublishDialog, PublishPurpose, boolean>(PublishDialog, {
      data: purpose,
      injector: this.injector,
      width: '560px',
      maxWidth: '94vw',
    });
    return (await firstValueFrom(opened.afterClosed())) ?? false;
  }

  /** Somebody else was faster: says so, in place of publishing. */
  private clashes(): boolean {
    const clash = this.autosave.stuck();
    if (clash) this.session.refuse(`Not published. ${this.autosave.reason()}`);
    return clash;
  }

  /** Switches on or off that it starts by itself; a draft is published first, after a look. */
  async turn(on: boolean): Promise<void> {
    if (on && this.publication.differs()) await this.ask('switch-on');
    else await this.switch.turn(on);
  }
}
