import { Component, inject, input, signal } from '@angular/core';
import { FormControl, FormGroup, ReactiveFormsModule, Validators } from '@angular/forms';
import { MatButton } from '@angular/material/button';
import { Router, RouterLink } from '@angular/router';
import { inside } from '@core/auth/inside';
import { Session } from '@core/auth/session';
import { Attempt } from '@core/http/attempt';
import { SystemInfoStore } from '@core/system/system-info';
import { ErrorState } from '@shared/error-state';
import { Notice } from '@shared/notice';
import { AuthFrame } from './auth-frame';

@Component({
  selector: 'k-login-page',
  imports: [ReactiveFormsModule, RouterLink, MatButton, AuthFrame, ErrorState, Notice],
  templateUrl: './login-page.html',
  styleUrl: './auth-form.scss',
})
export class LoginPage {
  protected readonly session = inject(Session);
  private readonly router = inject(Router);
  protected readonly system = inject(SystemInfoStore);

  /** Where to go afterwards; an address inside the app. */
  readonly next = input<string>();

  protected readonly form = new FormGroup({
    email: new FormControl('', { nonNullable: true, validators: Validators.required }),
    password: new FormControl('', { nonNullable: true, validators: Validators.required }),
  });
  private readonly attempt = new Attempt();
  protected readonly busy = this.attempt.busy;
  protected readonly problem = this.attempt.problem;

  /** What was left out when the form was sent: it can be sent at any time, as browsers fill in
   *  forms without a word. */
  private readonly lacking = signal<ReadonlySet<string>>(new Set());

  protected lacks(field: string): boolean {
    return this.lacking().has(field);
  }

  protected submit(): void {
    const { email, password } = this.form.getRawValue();
    const lacking = Object.entries({ email: email.trim(), password })
      .filter(([, value]) => !value)
      .map(([field]) => field);
    this.lacking.set(new Set(lacking));
    if (lacking[0]) document.getElementById(lacking[0])?.focus();
    else void this.enter(email.trim(), password);
  }

  protected useDemo(): void {
    const demo = this.system.value()?.demo_login;
    if (demo) void this.enter(demo.email, demo.password);
  }

  private async enter(email: string, password: string): Promise<void> {
    await this.attempt.make(async () => {
      await this.session.logIn(email, password);
      await this.router.navigateByUrl(inside(this.next()));
    });
  }
}
