import { Component, computed, input } from '@angular/core';
import DOMPurify from 'dompurify';
import { Marked } from 'marked';

const ALLOWED = {
  USE_PROFILES: { html: true },
  FORBID_TAGS: ['style', 'form', 'input', 'button', 'img', 'video', 'audio', 'iframe'],
  FORBID_ATTR: ['style', 'class', 'id'],
};

const LOWEST_HEADING = 6;

/** The page has its own title, so headings of a text start one level below it. */
const reader = new Marked({
  gfm: true,
  walkTokens: (token) => {
    if (token.type === 'heading') token['depth'] = Math.min(token['depth'] + 1, LOWEST_HEADING);
  },
});

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
    DOMPurify.sanitize(reader.parse(this.text(), { async: false }), ALLOWED),
  );
}
