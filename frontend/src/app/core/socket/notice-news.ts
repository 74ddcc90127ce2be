import type { NoticesMessage } from '@core/api';

/** How the notices of the user stand; `newest` is null when there are none. */
export type NoticeNews = NoticesMessage;

export type NoticeNewsHandler = (news: NoticeNews) => void;
