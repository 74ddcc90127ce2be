import {
  afterNextRender,
  Component,
  computed,
  ElementRef,
  inject,
  Injector,
  input,
  signal,
  viewChild,
} from '@angular/core';
import { FFlowModule } from '@foblex/flow';
import { editNote } from '../domain/commands';
import { type Note } from '../domain/graph';
import { EditorStore } from '../state/editor-store';

/** A note on the canvas: moved and resized like a node, edited in place. */
@Component({
  selector: 'k-sticky-note',
  imports: [FFlowModule],
  template: `
    @if (editing()) {
      <textarea
        #field
        fDragBlocker
        aria-label="Note"
        placeholder="Write a note"
        [value]="note().text"
        (input)="write(field.value)"
        (blur)="editing.set(false)"
        (keydown.escape)="finish()"
      ></textarea>
    } @else {
      <p [class.empty]="!note().text">{{ note().text || 'Double-click to write' }}</p>
    }
    @if (selected()) {
      <span fResizeHandle fResizeHandleType="right-bottom" class="grip"></span>
    }
  `,
  host: {
    role: 'group',
    'aria-roledescription': 'note',
    '[attr.aria-label]': 'spokenName()',
    '[class.picked]': 'selected()',
    '(dblclick)': 'edit()',
    '(keydown.enter)': 'editFromKey($event)',
  },
  styles: `
    :host {
      position: absolute;
      border: 1px solid color-mix(in oklab, var(--k-warning) 35%, transparent);
      border-radius: 8px;
      background: light-dark(#fff8e1, #2a2619);
      cursor: grab;
      outline: none;
    }
    :host(.picked) {
      border-color: var(--mat-sys-primary);
    }
    :host(:focus-visible) {
      outline: 2px dashed var(--mat-sys-primary);
      outline-offset: 4px;
    }
    p,
    textarea {
      display: block;
      width: 100%;
      height: 100%;
      padding: 10px 12px;
      overflow: hidden;
      border: 0;
      background: transparent;
      color: inherit;
      font:
        400 13px / 18px 'Roboto Variable',
        sans-serif;
      white-space: pre-wrap;
      overflow-wrap: anywhere;
      outline: none;
      resize: none;
      user-select: none;
    }
    textarea {
      overflow: auto;
      user-select: text;
    }
    .empty {
      color: var(--mat-sys-on-surface-variant);
    }
    .grip {
      position: absolute;
      right: -5px;
      bottom: -5px;
      width: 12px;
      height: 12px;
      border: 2px solid var(--k-node);
      border-radius: 3px;
      background: var(--mat-sys-primary);
      cursor: nwse-resize;
    }
  `,
})
export class StickyNote {
  private readonly store = inject(EditorStore);
  private readonly injector = inject(Injector);
  private readonly host = inject<ElementRef<HTMLElement>>(ElementRef);
  private readonly field = viewChild<ElementRef<HTMLTextAreaElement>>('field');

  readonly note = input.required<Note>();

  protected readonly editing = signal(false);
  protected readonly selected = computed(() => this.store.selected().has(this.note().id));
  protected readonly spokenName = computed(() => `Note, ${this.note().text || 'empty'}`);

  protected edit(): void {
    this.editing.set(true);
    afterNextRender(() => this.field()?.nativeElement.focus(), { injector: this.injector });
  }

  protected editFromKey(event: Event): void {
    if (this.editing()) return;
    event.preventDefault();
    event.stopPropagation();
    this.edit();
  }

  protected write(text: string): void {
    this.store.execute(editNote(this.note().id, text));
  }

  protected finish(): void {
    this.editing.set(false);
    this.host.nativeElement.focus();
  }
}
