import {
  afterNextRender,
  Component,
  computed,
  effect,
  ElementRef,
  inject,
  Injector,
  input,
  output,
  signal,
  untracked,
} from '@angular/core';
import { FormControl, FormGroup, ReactiveFormsModule, Validators } from '@angular/forms';
import { MatButton } from '@angular/material/button';
import { MatDialog } from '@angular/material/dialog';
import { MatSnackBar } from '@angular/material/snack-bar';
import {
  type ChannelOut,
  confirmMailAddress,
  type MailOut,
  sendMailCode,
  stopMail,
  testMail,
} from '@core/api';
import { type ProblemError, toProblemError } from '@core/http/problem-error';
import { unwrap } from '@core/http/unwrap';
import { confirm } from '@shared/confirm-dialog';
import { ErrorState } from '@shared/error-state';
import { Icon } from '@shared/icon';

/** Six digits, with spaces wherever they were typed or copied. */
const CODE = /^\s*(?:[0-9]\s*){6}$/;
const SPACES = /\s+/g;

/** Whether notices can be mailed, and what is missing for it. */
@Component({
  selector: 'k-mail-channel',
  imports: [ReactiveFormsModule, MatButton, ErrorState, Icon],
  templateUrl: './mail-channel.html',
  styleUrl: './mail-channel.scss',
})
export class MailChannel {
  private readonly dialogs = inject(MatDialog);
  private readonly messages = inject(MatSnackBar);
  private readonly host = inject<ElementRef<HTMLElement>>(ElementRef);
  private readonly injector = inject(Injector);

  readonly channel = input.required<ChannelOut>();
  /** The newest mail with a code, or null when there is none. */
  readonly codeMail = input<MailOut | null>(null);
  /** Something was done: the channel has to be read again, and there may be a new mail. */
  readonly changed = output();

  protected readonly form = new FormGroup({
    code: new FormControl('', {
      nonNullable: true,
      validators: [Validators.required, Validators.pattern(CODE)],
    }),
  });
  protected readonly busy = signal<'' | 'code' | 'confirm' | 'test' | 'stop'>('');
  /** What is wrong with the code. */
  protected readonly codeError = signal('');
  protected readonly problem = signal<ProblemError | null>(null);
  /** Every try of a code was used on this page. */
  protected readonly spent = signal(false);
  /** The last mail with a code before the newest was asked for, which may not be known yet. */
  private readonly replaced = signal<string | null>(null);
  /** The mail with the code did not go out. */
  protected readonly unsent = computed(() => {
    const [mail, { state }] = [this.codeMail(), this.channel()];
    const failed = mail?.state === 'failed' || mail?.state === 'expired';
    if (mail?.id === this.replaced()) return null;
    return failed && (state === 'unconfirmed' || state === 'awaiting_code') ? mail : null;
  });
  /** Something was done: what comes next is focused once the channel was read again. */
  private moves = false;

  constructor() {
    let before: ChannelOut['state'] | null = null;
    effect(() => {
      const { state } = this.channel();
      untracked(() => this.follow(before, state));
      before = state;
    });
  }

  protected sendCode(): Promise<void> {
    this.codeError.set('');
    return this.attempt('code', async () => {
      await unwrap(sendMailCode());
      this.spent.set(false);
      this.replaced.set(this.codeMail()?.id ?? null);
      this.form.controls.code.reset();
      this.messages.open('A code is on its way', undefined, { duration: 4000 });
    });
  }

  protected async confirm(): Promise<void> {
    if (this.form.controls.code.invalid) {
      this.codeError.set('Enter the six digits from the mail.');
      this.focus('.code');
      return;
    }
    this.codeError.set('');
    await this.attempt('confirm', async () => {
      const body = { code: this.form.controls.code.value.replace(SPACES, '') };
      try {
        await unwrap(confirmMailAddress({ body }));
      } catch (error) {
        const problem = toProblemError(error);
        const [item] = problem.errors.filter(({ field }) => field === 'code');
        if (!item) throw problem;
        this.codeError.set([item.message, item.remedy].filter(Boolean).join(' '));
        return;
      }
      this.form.controls.code.reset();
      this.messages.open('Your address is confirmed', undefined, { duration: 4000 });
    });
  }

  protected test(): Promise<void> {
    return this.attempt('test', async () => {
      await unwrap(testMail());
      this.messages.open('A test is on its way', undefined, { duration: 4000 });
    });
  }

  protected async stop(): Promise<void> {
    const agreed = await confirm(this.dialogs, {
      title: 'Stop mail?',
      text: 'Nothing more is mailed to you, alarms neither. To have mail again you confirm the address once more; your choices stay.',
      action: 'Stop mail',
    });
    if (agreed) await this.attempt('stop', () => unwrap(stopMail()));
  }

  private async attempt(
    what: 'code' | 'confirm' | 'test' | 'stop',
    act: () => Promise<unknown>,
  ): Promise<void> {
    if (this.busy()) return;
    this.busy.set(what);
    this.problem.set(null);
    try {
      await act();
      this.moves = what !== 'test';
      this.changed.emit();
    } catch (error) {
      this.problem.set(toProblemError(error));
    } finally {
      this.busy.set('');
    }
  }
  /** The channel was read: the button that was used may be gone, and the field with it. */
  private follow(before: ChannelOut['state'] | null, state: ChannelOut['state']): void {
    if (before === 'awaiting_code' && state === 'unconfirmed' && this.codeError()) {
      this.spent.set(true);
    }
    if (before !== state) this.codeError.set('');
    if (!this.moves) return;
    this.moves = false;
    this.focus(state === 'awaiting_code' ? '.code' : '.address');
  }

  private focus(selector: string): void {
    const find = (): HTMLElement | null => this.host.nativeElement.querySelector(selector);
    afterNextRender({ read: () => find()?.focus() }, { injector: this.injector });
  }
}
