import type { NoticeOut } from '@core/api';

/** How the notices of the user stand; `newest` is null when there are none. */
export interface NoticeNews {
  readonly type: 'notices';
  readonly unread: number;
  readonly newest: NoticeOut | null;
}

export type NoticeNewsHandler = (news: NoticeNews) => void;
