import type { PipelineChangedMessage, PipelinesMissedMessage } from '@core/api';

/**
 * That a pipeline of the user was changed, in this tab or elsewhere; or that changes may have been
 * missed, by the server or while there was no connection.
 */
export type PipelineNews = PipelineChangedMessage | PipelinesMissedMessage;
export type PipelineNewsHandler = (news: PipelineNews) => void;
