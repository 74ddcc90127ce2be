import { Location } from '@angular/common';
import { Component, computed, DestroyRef, effect, inject, input, untracked } from '@angular/core';
import { MatButton, MatIconButton } from '@angular/material/button';
import { MatDialog } from '@angular/material/dialog';
import { MatTooltip } from '@angular/material/tooltip';
import { MatSnackBar } from '@angular/material/snack-bar';
import { Router, RouterLink } from '@angular/router';
import { Session } from '@core/auth/session';
import { Attempt } from '@core/http/attempt';
import { HELD_IS_BACK } from '@core/page/held-drafts';
import { PageContext } from '@core/page/page-context';
import { UnsavedWork } from '@core/page/unsaved-work';
import { type Confirmation, confirm } from '@shared/confirm-dialog';
import { PageError } from '@shared/page-error';
import { Icon } from '@shared/icon';
import { Skeleton } from '@shared/skeleton';
import { NextMenus } from './canvas/next-menus';
import { PipelineCanvas } from './canvas/pipeline-canvas';
import { goesOnInWords } from './domain/words';
import { EditorHeader } from './header/editor-header';
import { type ShortcutHelp, ShortcutsDialog } from './header/shortcuts-dialog';
import { Inspector } from './inspector/inspector';
import { Palette } from './palette/palette';
import { Publishing } from './publish/publishing';
import { RunBar } from './run-overlay/run-bar';
import { Autosave } from './state/autosave';
import { ChangeFollower } from './state/change-follower';
import { ClipboardActions } from './state/clipboard-actions';
import { EditorActions } from './state/editor-actions';
import { EditorStore } from './state/editor-store';
import { EditorUi } from './state/editor-ui';
import { KeptHistory } from './state/kept-history';
import { PipelineDocument } from './state/pipeline-document';
import { ProblemList } from './state/problem-list';
import { Publication } from './state/publication';
import { Publisher } from './state/publisher';
import { RunFreshness } from './state/run-freshness';
import { RunSession } from './state/run-session';
import { RunStore } from './state/run-store';
import { Shortcuts } from './state/shortcuts';
import { StartSwitch } from './state/start-switch';
import { StoredCopies } from './state/stored-copies';
import { VersionsPanel } from './versions/versions-panel';

/** Here the panels would cover the canvas: they open over it when asked for. */
const NARROW = '(max-width: 1024px)';

const MESSAGE_MS = 8_000;

const UNSAVED = {
  title: 'Leave with a change that is not saved?',
  text: 'The last change could not be saved.',
};
const LOST = {
  title: 'Leave a pipeline that was deleted?',
  text: 'It was deleted elsewhere: what you see is stored nowhere. Leaving drops it.',
};
const KEPT =
  'This tab keeps it, and goes on with it when you open the pipeline here again. Closing the tab drops it.';
const DROPPED = 'Logging out drops it.';

/** Where a pipeline is drawn, set up and run. */
@Component({
  selector: 'k-editor-page',
  imports: [
    EditorHeader,
    PageError,
    Icon,
    Inspector,
    MatButton,
    MatIconButton,
    MatTooltip,
    NextMenus,
    Palette,
    PipelineCanvas,
    RouterLink,
    RunBar,
    Skeleton,
    VersionsPanel,
  ],
  providers: [
    Autosave,
    ChangeFollower,
    ClipboardActions,
    EditorActions,
    EditorStore,
    EditorUi,
    KeptHistory,
    PipelineDocument,
    ProblemList,
    Publication,
    Publisher,
    Publishing,
    RunFreshness,
    RunSession,
    RunStore,
    Shortcuts,
    StartSwitch,
    StoredCopies,
  ],
  templateUrl: './editor-page.html',
  styleUrl: './editor-page.scss',
  host: {
    '(document:keydown)': 'shortcuts.handle($event)',
    '(document:copy)': 'copy($event)',
    '(document:cut)': 'cut($event)',
    '(document:paste)': 'paste($event)',
  },
})
export class EditorPage {
  private readonly autosave = inject(Autosave);
  private readonly clipboard = inject(ClipboardActions);
  protected readonly copies = inject(StoredCopies);
  private readonly dialogs = inject(MatDialog);
  private readonly history = inject(KeptHistory);
  private readonly location = inject(Location);
  private readonly login = inject(Session);
  private readonly making = new Attempt();
  private readonly messages = inject(MatSnackBar);
  private readonly page = inject(PageContext);
  private readonly problems = inject(ProblemList);
  private readonly publication = inject(Publication);
  private readonly router = inject(Router);
  private readonly runs = inject(RunStore);
  private readonly session = inject(RunSession);
  protected readonly actions = inject(EditorActions);
  protected readonly document = inject(PipelineDocument);
  protected readonly shortcuts = inject(Shortcuts);
  protected readonly store = inject(EditorStore);
  protected readonly ui = inject(EditorUi);

  /** The pipeline's id, from the address. */
  readonly id = input.required<string>();
  /** What to run on, and as of when (ISO 8601), if the address says so. */
  readonly symbol = input<string>();
  readonly as_of = input<string>();

  protected readonly empty = computed(
    () => !this.store.nodes().length && !this.store.notes().length,
  );

  protected readonly inspecting = computed(() => {
    const wanted = this.ui.inspector();
    if (wanted !== 'auto') return wanted === 'open';
    const problems = this.problems.count() > 0 && !this.empty();
    return this.store.selection().length > 0 || problems;
  });

  private readonly active = computed(() => this.document.facts()?.status === 'active');
  /** What is said when the pipeline is left as it is now. */
  private goesOn = '';

  constructor() {
    this.makeRoom();
    effect(() => (this.goesOn = this.active() ? this.whatGoesOn() : ''));
    inject(DestroyRef).onDestroy(() => this.part(this.goesOn));
    inject(ChangeFollower).watch();
    inject(UnsavedWork).watch({
      waits: () => this.autosave.waits(),
      settle: async () => (await this.autosave.flush()) && !this.autosave.waits(),
      hold: () => this.autosave.hold(),
      drop: () => this.autosave.drop(),
      ask: (forGood) => confirm(this.dialogs, this.leaving(forGood)),
    });
    this.shortcuts.connectPage({
      run: () => void this.session.run(true),
      help: () => this.showHelp(),
    });
    effect(() => {
      const id = this.id();
      untracked(() => void this.open(id));
    });
    effect(() => {
      const [symbol, asOf] = [this.symbol(), this.as_of()];
      untracked(() => this.session.preset(symbol, asOf));
    });
    effect(() => this.keepAddress());
    effect(() => {
      const mode = this.document.facts()?.mode ?? null;
      const label = this.document.name().trim() || 'Pipeline';
      const crumbs = [{ label: 'Pipelines', link: '/pipelines' }, { label }];
      this.page.show(crumbs, mode, this.session.prices());
    });
  }

  protected async open(id: string): Promise<void> {
    const before = this.document.facts()?.id;
    const goesOn = this.goesOn;
    this.history.keep();
    if (!(await this.autosave.open(id))) return;
    if (before && before !== id) {
      this.runs.dismiss();
      this.part(goesOn);
    }
    if (this.autosave.takeUpDraft()) this.actions.say(HELD_IS_BACK);
    this.history.takeUp();
    for (const repair of this.document.repairs()) this.actions.say(repair);
    await this.session.resume(id);
  }

  /** What is asked before something that is not stored is left. */
  private leaving(forGood: boolean): Confirmation {
    if (this.autosave.state() === 'deleted') return { ...LOST, action: 'Leave' };
    const text = `${UNSAVED.text} ${forGood ? DROPPED : KEPT}`;
    return { ...UNSAVED, text, action: 'Leave' };
  }

  private whatGoesOn(): string {
    const { version, count, differs } = this.publication;
    return differs() ? goesOnInWords(this.document.name(), version(), count()) : '';
  }

  /** Says what still runs by itself, where that is not what was on the screen. */
  private part(words: string): void {
    if (words && this.login.loggedIn())
      this.messages.open(words, undefined, { duration: MESSAGE_MS });
  }

  /** Keeps the panels off the canvas while the window is narrow. */
  private makeRoom(): void {
    const narrow = matchMedia(NARROW);
    const arrange = () => {
      this.ui.paletteOpen.set(!narrow.matches);
      this.ui.inspector.set(narrow.matches ? 'closed' : 'auto');
    };
    arrange();
    narrow.addEventListener('change', arrange);
    inject(DestroyRef).onDestroy(() => narrow.removeEventListener('change', arrange));
  }

  /** An address that names what to run keeps doing so, so that a reload changes nothing. */
  private keepAddress(): void {
    const { symbol, as_of: asOf } = this.session.body();
    if (!this.symbol() && !this.as_of()) return;
    const query = new URLSearchParams();
    if (symbol) query.set('symbol', symbol);
    if (asOf) query.set('as_of', asOf.replace('.000Z', 'Z'));
    this.location.replaceState(`/pipelines/${this.id()}`, query.toString());
  }

  protected startWithTrigger(event: MouseEvent): void {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    this.ui.offerAgents({ at: { x: box.left, y: box.bottom + 8 }, from: null, fromPort: null });
  }

  protected closeDrawers(): void {
    this.ui.paletteOpen.set(false);
    this.ui.inspector.set('closed');
    this.ui.versionsOpen.set(false);
  }

  protected async download(): Promise<void> {
    const copy = await this.copies.export(this.id());
    if (!copy) return;
    const content = JSON.stringify(copy, null, 2);
    const link = window.document.createElement('a');
    link.href = URL.createObjectURL(new Blob([content], { type: 'application/json' }));
    link.download = `${this.document
      .name()
      .replace(/[^\w-]+/g, '-')
      .toLowerCase()}.json`;
    link.click();
    URL.revokeObjectURL(link.href);
  }

  protected clone(): Promise<void> {
    return this.openMade(() => this.copies.clone(this.id()));
  }

  protected saveAsNew(): Promise<void> {
    return this.openMade(() => this.copies.saveAsNew());
  }

  /** Makes a pipeline and goes to it; a second one is not begun meanwhile. */
  private async openMade(make: () => Promise<string | null>): Promise<void> {
    await this.making.make(async () => {
      const made = await make();
      if (made) await this.router.navigate(['/pipelines', made]);
    });
  }

  protected showHelp(): void {
    const groups = new Map<string, ShortcutHelp['rows'][number][]>();
    for (const { group, label, keys } of this.shortcuts.table) {
      const shown = label.startsWith('Copy') ? ['Ctrl+C', 'Ctrl+X', 'Ctrl+V'] : keys.map(readable);
      groups.set(group, [...(groups.get(group) ?? []), { label, keys: shown }]);
    }
    const data: ShortcutHelp[] = [...groups].map(([group, rows]) => ({ group, rows }));
    this.dialogs.open(ShortcutsDialog, { data, width: '760px', maxWidth: '94vw' });
  }

  protected copy(event: ClipboardEvent): void {
    this.give(event, () => this.clipboard.copy());
  }

  protected cut(event: ClipboardEvent): void {
    this.give(event, () => this.clipboard.cut());
  }

  protected paste(event: ClipboardEvent): void {
    if (this.isTextField(event)) return;
    if (this.clipboard.paste(event.clipboardData?.getData('text/plain') ?? ''))
      event.preventDefault();
  }

  private give(event: ClipboardEvent, take: () => string | null): void {
    if (this.isTextField(event) || window.getSelection()?.toString()) return;
    const text = take();
    if (!text) return;
    event.clipboardData?.setData('text/plain', text);
    event.preventDefault();
  }

  private isTextField(event: Event): boolean {
    return (event.target as HTMLElement).closest?.('input, textarea, select') != null;
  }
}

const ARROWS: Readonly<Record<string, string>> = {
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  ' ': 'Space',
};

function readable(key: string): string {
  return key.replace(/Arrow\w+| /g, (name) => ARROWS[name] ?? name);
}
