import type {
  AccountChangedMessage,
  LookAgainMessage,
  OrderUpdatedMessage,
  PositionMessage,
} from '@core/api';

/**
 * What happened in an account, told apart by `type`; `look_again` when news may have been missed:
 * load anew what is open.
 */
export type AccountNews =
  | OrderUpdatedMessage
  | PositionMessage
  | AccountChangedMessage
  | LookAgainMessage;

export type AccountNewsHandler = (news: AccountNews) => void;
