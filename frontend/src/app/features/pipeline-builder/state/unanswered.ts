import { type PipelineOut } from '@core/api';
import { type Content, contentOf, type Draft, sameContent, written } from './content';

/** So many are told from what others store. */
const MOST = 10;

/** What was sent and not answered: one of these may be stored. */
export class Unanswered {
  private contents: readonly Content[] = [];

  get any(): boolean {
    return this.contents.length > 0;
  }

  /** Takes note that `content` is on its way. */
  send(content: Content): void {
    const others = this.contents.filter((one) => !sameContent(one, content));
    this.contents = [...others, content].slice(-MOST);
  }

  /** The server said of `content` that it is not stored. */
  refuse(content: Content): void {
    this.contents = this.contents.filter((one) => one !== content);
  }

  /** Goes on from what was held. */
  begin(contents: readonly Content[] = []): void {
    this.contents = contents;
  }

  /** The one that is what is stored. */
  find(stored: PipelineOut): Content | undefined {
    return this.contents.find((sent) => sameContent(sent, contentOf(stored)));
  }

  written(): Draft['sent'] {
    return this.contents.map(written);
  }
}
