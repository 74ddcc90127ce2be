/** That a pipeline of the user was changed, in this tab or elsewhere. */
export interface PipelineChanged {
  readonly type: 'pipeline_changed';
  readonly pipeline_id: string;
  /** Of the draft: grows with each save. */
  readonly revision: number;
  /** The newest published one; 0 when none was published. */
  readonly version: number;
  readonly status: string;
  readonly deleted?: boolean;
}

/** Changes may have been missed, by the server or while there was no connection. */
export interface PipelinesMissed {
  readonly type: 'pipelines_missed';
}

export type PipelineNews = PipelineChanged | PipelinesMissed;
export type PipelineNewsHandler = (news: PipelineNews) => void;
