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
import { createScanner, getScanner, listScannerFields, updateScanner } from '@core/api';
import { Attempt } from '@core/http/attempt';
import { toProblemError } from '@core/http/problem-error';
import { unwrap } from '@core/http/unwrap';
import { HELD_IS_BACK, HeldDrafts } from '@core/page/held-drafts';
import { PageContext } from '@core/page/page-context';
import { UnsavedWork } from '@core/page/unsaved-work';
import { everyInWords } from '@core/pipelines/trigger-words';
import { confirmLeaving } from '@shared/confirm-dialog';
import { ErrorState } from '@shared/error-state';
import { PageError } from '@shared/page-error';
import { Icon } from '@shared/icon';
import { Notice } from '@shared/notice';
import { SkeletonRows } from '@shared/skeleton';
import { TickerChips } from '@shared/ticker-chips/ticker-chips';
import { ruleProblem, toFilter } from './filter-rules';
import { RuleBuilder } from './rule-builder';
import {
  draftFrom,
  draftProblems,
  emptyDraft,
  KINDS,
  type ScannerDraft,
  type ScannerKind,
  toBody,
} from './scanner-draft';
import { ScannerFacts } from './scanner-facts';
import { ScannerPreview } from './scanner-preview';

const REFRESHES = [1, 5, 15, 30, 60, 240, 1440];

/** Makes a scanner, or changes one; rules show at once what passes them. */
@Component({
  selector: 'k-scanner-page',
  imports: [
    RouterLink,
    MatButton,
    MatFormField,
    MatSelectModule,
    ErrorState,
    PageError,
    Icon,
    Notice,
    SkeletonRows,
    TickerChips,
    RuleBuilder,
    ScannerFacts,
    ScannerPreview,
  ],
  templateUrl: './scanner-page.html',
  styleUrl: './scanner-page.scss',
})
export class ScannerPage {
  private readonly router = inject(Router);
  private readonly drafts = inject(HeldDrafts);
  private readonly page = inject(PageContext);
  private readonly messages = inject(MatSnackBar);

  /** The scanner's id; none makes a new one. */
  readonly id = input<string>();
  /** What a new one is to be. */
  readonly kind = input<string>();
  /** The pipeline to go back to afterwards. */
  readonly pipeline = input<string>();

  protected readonly kinds = KINDS;
  protected readonly everyWords = everyInWords;
  protected readonly stored = resource({
    params: () => this.id(),
    loader: ({ params: scanner_id }) => unwrap(getScanner({ path: { scanner_id } })),
  });
  protected readonly fields = resource({ loader: () => unwrap(listScannerFields()) });
  protected readonly offered = computed(() =>
    this.fields.hasValue() ? this.fields.value().items : [],
  );
  protected readonly draft = signal<ScannerDraft>(emptyDraft('manual'));
  protected readonly ready = computed(() => !this.id() || this.stored.hasValue());
  protected readonly refreshes = computed(() =>
    [...new Set([...REFRESHES, this.draft().refreshMinutes])].sort((a, b) => a - b),
  );
  /** What can be previewed: the rules that are finished. */
  protected readonly filter = computed(() => {
    const { rules, limit } = this.draft();
    return toFilter(
      rules.filter((rule) => !ruleProblem(rule)),
      limit,
    );
  });
  /** Set once saving was tried: from then on every gap is named. */
  protected readonly tried = signal(false);
  protected readonly gaps = computed(() => (this.tried() ? draftProblems(this.draft()) : {}));
  private readonly attempt = new Attempt();
  protected readonly busy = this.attempt.busy;
  protected readonly problem = this.attempt.problem;
  protected readonly loadError = computed(() => {
    const error = this.stored.error();
    return error ? toProblemError(error) : null;
  });

  /** The draft as it was begun with. */
  private begun: ScannerDraft | null = null;
  /** What it is held under when the session ends. */
  private readonly holdName = computed(() => `scanner.${this.id() ?? 'new'}`);

  constructor() {
    const dialogs = inject(MatDialog);
    inject(UnsavedWork).watch({
      waits: () => this.begun !== null && !sameDraft(this.begun, this.draft()),
      hold: () => this.drafts.hold(this.holdName(), this.draft()),
      ask: () => confirmLeaving(dialogs),
    });
    effect(() => {
      const stored = this.stored.hasValue() ? this.stored.value() : null;
      const kind = KINDS.find((look) => look.kind === this.kind())?.kind ?? 'manual';
      untracked(() => {
        this.begin(stored ? draftFrom(stored) : emptyDraft(kind));
        if (this.ready()) this.takeUp();
      });
      const label = this.id() ? (stored?.name ?? 'Scanner') : 'New scanner';
      const parents = [
        { label: 'Signals', link: '/signals' },
        { label: 'Scanners', link: '/signals/scanners' },
      ];
      untracked(() => this.page.show([...parents, { label }]));
    });
  }

  private begin(draft: ScannerDraft): void {
    this.begun = draft;
    this.draft.set(draft);
  }

  private takeUp(): void {
    const held = this.drafts.take<ScannerDraft>(this.holdName());
    if (!held) return;
    this.draft.set(held);
    this.messages.open(HELD_IS_BACK, undefined, { duration: 4000 });
  }

  protected change(change: Partial<ScannerDraft>): void {
    this.draft.update((draft) => ({ ...draft, ...change }));
  }

  protected choose(kind: ScannerKind): void {
    this.change({ kind });
    this.tried.set(false);
  }

  protected readLimit(text: string): void {
    const limit = Math.floor(Number(text));
    this.change({ limit: limit > 0 ? limit : null });
  }

  protected async save(): Promise<void> {
    this.tried.set(true);
    this.attempt.forget();
    if (Object.keys(draftProblems(this.draft())).length) return;
    await this.attempt.make(async () => {
      const body = toBody(this.draft());
      const scanner_id = this.id();
      const saved = scanner_id
        ? await unwrap(updateScanner({ path: { scanner_id }, body }))
        : await unwrap(createScanner({ body }));
      this.begun = this.draft();
      this.messages.open(`Saved ${saved.name}`, undefined, { duration: 4000 });
      await this.leave();
    });
  }

  private leave(): Promise<boolean> {
    const pipeline = this.pipeline();
    return this.router.navigate(pipeline ? ['/pipelines', pipeline] : ['/signals/scanners']);
  }
}

/** Choosing the kind of a new scanner is nothing to lose. */
function sameDraft(a: ScannerDraft, b: ScannerDraft): boolean {
  return JSON.stringify({ ...a, kind: b.kind }) === JSON.stringify(b);
}
