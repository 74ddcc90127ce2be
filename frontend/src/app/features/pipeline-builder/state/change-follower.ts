import { DestroyRef, inject, Service } from '@angular/core';
import { MatSnackBar } from '@angular/material/snack-bar';
import { LiveSocket } from '@core/socket/live-socket';
import { type PipelineNews } from '@core/socket/pipeline-news';
import { Autosave } from './autosave';
import { type Content, sameContent } from './content';
import { PipelineDocument } from './pipeline-document';

const TAKEN = 'This pipeline was changed elsewhere. You see it as it is now.';
const BACK = 'Back to what this tab had';
const MESSAGE_MS = 10_000;

/** Keeps the open pipeline up to date with what other tabs and programs make of it. */
@Service({ autoProvided: false })
export class ChangeFollower {
  private readonly autosave = inject(Autosave);
  private readonly document = inject(PipelineDocument);
  private readonly messages = inject(MatSnackBar);
  private readonly socket = inject(LiveSocket);
  private meeting: Promise<void> | null = null;
  private again = false;

  /** Follows until its owner is gone. Call it where things are injected. */
  watch(): void {
    const stop = this.socket.watchPipelines((news) => this.hear(news));
    inject(DestroyRef).onDestroy(stop);
  }

  private hear(news: PipelineNews): void {
    if (!this.document.facts() || this.isKnown(news)) return;
    // One look is enough for all that is heard of while it waits its turn.
    this.again = true;
    this.meeting ??= this.meet().finally(() => (this.meeting = null));
  }

  private isKnown(news: PipelineNews): boolean {
    const facts = this.document.facts();
    if (news.type === 'pipelines_missed' || !facts) return false;
    if (news.pipeline_id !== facts.id) return true;
    const { revision, version, status, deleted } = news;
    const newer = revision > facts.revision || version > facts.version;
    return !deleted && !newer && (revision < facts.revision || status === facts.status);
  }

  private async meet(): Promise<void> {
    while (this.again) {
      this.again = false;
      const before = this.document.content();
      if ((await this.autosave.meet(true)) === 'shown') this.tell(before);
    }
  }

  /** Says that the screen was taken, and gives it back as it was unless something was changed since. */
  private tell(before: Content): void {
    const taken = this.document.content();
    const message = this.messages.open(TAKEN, 'Undo', { duration: MESSAGE_MS });
    message.onAction().subscribe(() => {
      if (sameContent(this.document.content(), taken)) this.document.turnTo(before, BACK);
    });
  }
}
