import type { QuoteMessage } from '@core/api';

/** The newest quote of a symbol; also told once when that has become stale. */
export type QuoteNews = QuoteMessage;

export type QuoteNewsHandler = (news: QuoteNews) => void;
