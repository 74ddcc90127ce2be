import {
  afterNextRender,
  Component,
  computed,
  effect,
  ElementRef,
  inject,
  Injector,
  output,
  signal,
} from '@angular/core';
import { MatButton } from '@angular/material/button';
import { CutOff } from '@shared/cut-off';
import { type ErrorInfo, ErrorState } from '@shared/error-state';
import { formatCount } from '@shared/format/numbers';
import { CountPipe } from '@shared/format/format-pipes';
import { readableText } from '@shared/format/texts';
import { Icon } from '@shared/icon';
import { Notice } from '@shared/notice';
import { Time } from '@shared/time';
import { CurrentVerification } from './current-verification';
import { damageInWords } from './damage-words';
import type { Phase } from './record-verification';

const WHOLE = 100;

/** Verifies the whole record, shows how far it is, and says what is wrong and where. */
@Component({
  selector: 'k-record-verify',
  imports: [MatButton, CountPipe, CutOff, ErrorState, Icon, Notice, Time],
  templateUrl: './record-verify.html',
  styleUrl: './record-verify.scss',
})
export class RecordVerify {
  readonly placeChosen = output<number>();

  protected readonly damageInWords = damageInWords;
  protected readonly readable = readableText;
  protected readonly verification = inject(CurrentVerification);
  /** The findings whose detail is shown in full, by their number. */
  protected readonly unfolded = signal<ReadonlySet<number>>(new Set());
  protected readonly percent = computed(() => {
    const [done, total] = [this.verification.verified(), this.verification.total()];
    return total ? Math.round((WHOLE * done) / total) : 0;
  });
  protected readonly progress = computed(() => {
    const { verified, total } = this.verification;
    return total() ? `${formatCount(verified())} of ${formatCount(total())}` : 'Starting';
  });
  /** What came of it, in one sentence; null while nothing did. */
  protected readonly result = computed(() => {
    const { phase, checked, complete, error, findings, verdict } = this.verification;
    if (phase() === 'stopped' && !checked()) return error() ? null : 'Nothing was checked';
    if (phase() === 'stopped') {
      const wrong = findings().length ? counted(findings().length) : 'nothing wrong';
      return `Stopped after ${this.progress()} entries: ${wrong} so far`;
    }
    if (phase() !== 'done') return null;
    const entries = `${formatCount(checked())} ${checked() === 1 ? 'entry' : 'entries'}`;
    const points = verdict()?.checkpoints ?? 0;
    const checkpoints = `${formatCount(points)} ${points === 1 ? 'checkpoint' : 'checkpoints'}`;
    if (!findings().length) return `Intact: ${entries}, ${checkpoints}, nothing wrong`;
    const most = complete() ? '' : 'at least ';
    return `Not intact: ${most}${counted(findings().length)} in ${entries}, ${checkpoints}`;
  });

  protected readonly failure = computed<ErrorInfo | null>(() => {
    const error = this.verification.error();
    if (!error || this.verification.checked()) return error;
    const { detail, correlationId, outage, errors } = error;
    return { title: `Nothing was checked: ${error.title}`, detail, correlationId, outage, errors };
  });
  private readonly host = inject<ElementRef<HTMLElement>>(ElementRef);
  private readonly injector = inject(Injector);

  constructor() {
    let before: Phase | null = null;
    effect(() => {
      const phase = this.verification.phase();
      if (before !== null && before !== phase) this.keepFocus(phase);
      before = phase;
    });
  }

  protected start(): void {
    this.unfolded.set(new Set());
    void this.verification.start();
  }

  protected goOn(): void {
    void this.verification.goOn();
  }

  protected fold(index: number): void {
    const before = this.unfolded();
    const others = [...before].filter((it) => it !== index);
    this.unfolded.set(new Set(before.has(index) ? others : [...others, index]));
  }

  /** The button that was used goes: its place is taken by Cancel, or by what came of it. */
  private keepFocus(phase: Phase): void {
    const used = this.host.nativeElement.querySelector(
      '.actions:focus-within, .failure:focus-within',
    );
    if (!used) return;
    const next = phase === 'running' ? '.actions button' : '.result, .failure';
    const focus = (): void => this.host.nativeElement.querySelector<HTMLElement>(next)?.focus();
    afterNextRender({ read: focus }, { injector: this.injector });
  }
}

function counted(findings: number): string {
  return findings === 1 ? '1 thing is wrong' : `${formatCount(findings)} things are wrong`;
}
