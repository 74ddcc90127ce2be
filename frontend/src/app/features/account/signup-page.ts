import { Component, computed, inject, signal } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import { FormControl, FormGroup, ReactiveFormsModule, Validators } from '@angular/forms';
import { MatButton } from '@angular/material/button';
import { Router, RouterLink } from '@angular/router';
import { Session } from '@core/auth/session';
import { Attempt } from '@core/http/attempt';
import { ErrorState } from '@shared/error-state';
import { Icon } from '@shared/icon';
import { AuthFrame } from './auth-frame';

const MIN_PASSWORD = 10;

@Component({
  selector: 'k-signup-page',
  imports: [ReactiveFormsModule, RouterLink, MatButton, AuthFrame, ErrorState, Icon],
  templateUrl: './signup-page.html',
  styleUrl: './auth-form.scss',
})
export class SignupPage {
  private readonly session = inject(Session);
  private readonly router = inject(Router);

  protected readonly form = new FormGroup({
    email: new FormControl('', {
      nonNullable: true,
      validators: [Validators.required, Validators.email],
    }),
    password: new FormControl('', {
      nonNullable: true,
      validators: [Validators.required, Validators.minLength(MIN_PASSWORD)],
    }),
  });
  private readonly typed = toSignal(this.form.valueChanges, { initialValue: this.form.value });
  private readonly attempt = new Attempt();
  protected readonly busy = this.attempt.busy;
  protected readonly problem = this.attempt.problem;
  protected readonly rules = computed(() => {
    const { email = '', password = '' } = this.typed();
    return [
      { label: `At least ${MIN_PASSWORD} characters`, met: password.length >= MIN_PASSWORD },
      { label: 'Not your e-mail address', met: password !== '' && password !== email },
    ];
  });
  protected readonly allowed = computed(
    () => this.typed() && this.form.valid && this.rules().every((rule) => rule.met),
  );

  private readonly sent = signal(false);
  protected readonly unmet = computed(() => this.sent() && !this.rules().every((rule) => rule.met));

  protected badEmail(): boolean {
    return this.form.controls.email.touched && this.form.controls.email.invalid;
  }

  protected async submit(): Promise<void> {
    this.sent.set(true);
    if (!this.allowed()) {
      this.form.markAllAsTouched();
      document.getElementById(this.form.controls.email.invalid ? 'email' : 'password')?.focus();
      return;
    }
    const { email, password } = this.form.getRawValue();
    await this.attempt.make(async () => {
      await this.session.signUp(email.trim(), password);
      await this.router.navigateByUrl('/');
    });
  }
}
