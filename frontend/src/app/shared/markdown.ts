import { Component, computed, input } from '@angular/core';
import DOMPurify from 'dompurify';
import { marked } from 'marked';

const ALLOWED = {
  USE_PROFILES: { html: true },
  FORBID_TAGS: ['style', 'form', 'input', 'button', 'img', 'video', 'audio', 'iframe'],
  FORBID_ATTR: ['style', 'class', 'id'],
};

/** Markdown from a run, as text: no images, no scripts, no styles of its own. */
@Component({
  selector: 'k-markdown',
  template: `<div [innerHTML]="html()"></div>`,
  styleUrl: './markdown.scss',
})
export class Markdown {
  readonly text = input.required<string>();

  /** Cleaned here, and once more by Angular when it is bound. */
  protected readonly html = computed(() =>
    DOMPurify.sanitize(marked.parse(this.text(), { async: false, gfm: true }), ALLOWED),
  );
}
