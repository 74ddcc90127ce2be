import {
  Component,
  computed,
  effect,
  inject,
  input,
  resource,
  signal,
  untracked,
} from '@angular/core';
import { MatButton } from '@angular/material/button';
import { MatDialog } from '@angular/material/dialog';
import { MatFormField } from '@angular/material/form-field';
import { MatSelectModule } from '@angular/material/select';
import { MatSnackBar } from '@angular/material/snack-bar';
import { Router, RouterLink } from '@angular/router';
import {
  createGenerator,
  type GeneratorVerdict,
  getGenerator,
  listGeneratorKinds,
  updateGenerator,
} from '@core/api';
import { Attempt } from '@core/http/attempt';
import { toProblemError } from '@core/http/problem-error';
import { unwrap } from '@core/http/unwrap';
import { HELD_IS_BACK, HeldDrafts } from '@core/page/held-drafts';
import { PageContext } from '@core/page/page-context';
import { UnsavedWork } from '@core/page/unsaved-work';
import { SignalTypes } from '@core/signals/signal-types';
import { confirmLeaving } from '@shared/confirm-dialog';
import { ErrorState } from '@shared/error-state';
import { PageError } from '@shared/page-error';
import { Notice } from '@shared/notice';
import { type SchemaFormChange, SchemaForm } from '@shared/schema-form/schema-form';
import { SkeletonRows } from '@shared/skeleton';
import { TickerChips } from '@shared/ticker-chips/ticker-chips';
import {
  draftFrom,
  draftProblems,
  exampleOf,
  type GeneratorDraft,
  newDraft,
  TIMEFRAMES,
  toBody,
  touchedProblems,
} from './generator-draft';
import { GeneratorTrial } from './generator-trial';
import { KindChoice } from './kind-choice';

const MOST_SYMBOLS = 50;

/** Makes a generator, changes one's own, or shows one of the platform's. */
@Component({
  selector: 'k-generator-page',
  imports: [
    RouterLink,
    MatButton,
    MatFormField,
    MatSelectModule,
    ErrorState,
    PageError,
    Notice,
    SchemaForm,
    SkeletonRows,
    TickerChips,
    GeneratorTrial,
    KindChoice,
  ],
  templateUrl: './generator-page.html',
  styleUrl: './generator-page.scss',
})
export class GeneratorPage {
  private readonly router = inject(Router);
  private readonly drafts = inject(HeldDrafts);
  private readonly page = inject(PageContext);
  private readonly messages = inject(MatSnackBar);
  protected readonly types = inject(SignalTypes);

  /** The generator's id; none makes a new one. */
  readonly id = input<string>();
  /** The kind of a new one, once it is chosen. */
  readonly kind = input<string>();

  protected readonly timeframes = TIMEFRAMES;
  protected readonly most = MOST_SYMBOLS;
  protected readonly kinds = resource({ loader: () => unwrap(listGeneratorKinds()) });
  protected readonly stored = resource({
    params: () => this.id(),
    loader: ({ params: generator_id }) => unwrap(getGenerator({ path: { generator_id } })),
  });
  protected readonly offered = computed(() =>
    this.kinds.hasValue() ? this.kinds.value().items : null,
  );
  protected readonly draft = signal<GeneratorDraft | null>(null);
  protected readonly chosen = computed(() =>
    this.offered()?.find((item) => item.kind === this.draft()?.kind),
  );
  /** Something to begin with, while nothing is filled in. */
  protected readonly example = computed(() => {
    const [kind, draft] = [this.chosen(), this.draft()];
    const blank = draft && !Object.values(draft.config).some(Boolean);
    return kind && blank && !this.foreign() ? exampleOf(kind) : null;
  });
  protected readonly choosing = computed(() => !this.id() && !this.kind() && this.offered());
  protected readonly foreign = computed(() => this.stored.hasValue() && !this.stored.value().own);
  protected readonly verdict = signal<GeneratorVerdict | null>(null);
  /** What is wrong, by setting. */
  protected readonly faults = computed<Readonly<Record<string, string>>>(() =>
    Object.fromEntries(
      touchedProblems(this.verdict()?.problems ?? [], this.draft()?.config ?? {}).map((item) => [
        item.field ?? '',
        item.message,
      ]),
    ),
  );
  protected readonly tried = signal(false);
  protected readonly gaps = computed(() => {
    const draft = this.draft();
    return this.tried() && draft ? draftProblems(draft) : {};
  });
  private readonly attempt = new Attempt();
  protected readonly busy = this.attempt.busy;
  protected readonly problem = this.attempt.problem;
  protected readonly loadError = computed(() => {
    const error = this.stored.error() ?? this.kinds.error();
    return error ? toProblemError(error) : null;
  });

  private touched = false;
  /** What it is held under when the session ends. */
  private readonly holdName = computed(() => `generator.${this.id() ?? `new.${this.kind()}`}`);

  constructor() {
    const dialogs = inject(MatDialog);
    inject(UnsavedWork).watch({
      waits: () => this.touched,
      hold: () => this.drafts.hold(this.holdName(), this.draft() ?? {}),
      ask: () => confirmLeaving(dialogs),
    });
    effect(() => {
      const stored = this.stored.hasValue() ? this.stored.value() : null;
      const kind = this.offered()?.find((item) => item.kind === this.kind());
      untracked(() => {
        if (stored) this.draft.set(draftFrom(stored));
        else this.draft.set(kind && !this.id() ? newDraft(kind) : null);
        this.touched = false;
        if (this.draft()) this.takeUp();
      });
      const label = this.id() ? (stored?.name ?? 'Generator') : 'New generator';
      const parents = [
        { label: 'Signals', link: '/signals' },
        { label: 'Generators', link: '/signals/generators' },
      ];
      untracked(() => this.page.show([...parents, { label }]));
    });
  }

  private takeUp(): void {
    const held = this.drafts.take<GeneratorDraft>(this.holdName());
    if (!held) return;
    this.draft.set(held);
    this.touched = true;
    this.messages.open(HELD_IS_BACK, undefined, { duration: 4000 });
  }

  protected reload(): void {
    this.kinds.reload();
    this.stored.reload();
  }

  protected change(change: Partial<GeneratorDraft>): void {
    const before = JSON.stringify(this.draft());
    this.draft.update((draft) => draft && { ...draft, ...change });
    this.touched ||= JSON.stringify(this.draft()) !== before;
  }

  protected configure({ value }: SchemaFormChange): void {
    this.change({ config: value });
  }

  protected async save(): Promise<void> {
    const draft = this.draft();
    this.tried.set(true);
    if (!draft || Object.keys(draftProblems(draft)).length) return;
    await this.attempt.make(async () => {
      const [body, generator_id] = [toBody(draft), this.id()];
      const saved = generator_id
        ? await unwrap(updateGenerator({ path: { generator_id }, body }))
        : await unwrap(createGenerator({ body }));
      this.touched = false;
      this.messages.open(`Saved ${saved.name}`, undefined, { duration: 4000 });
      await this.router.navigate(['/signals/generators']);
    });
  }
}
