import type { AuditEventType } from '@core/api';

interface TypeGroup {
  readonly label: string;
  readonly types: readonly AuditEventType[];
}

/** Types of entries by what they are about. Says at compile time when one is missing. */
const BY_SUBJECT = {
  user_logged_in: 'Account',
  user_logged_out: 'Account',
  login_failed: 'Account',
  user_registered: 'Account',
  sessions_revoked: 'Account',
  role_changed: 'Account',
  api_key_created: 'Account',
  api_key_revoked: 'Account',
  budget_changed: 'Account',
  limit_changed: 'Account',
  notice_preferences_changed: 'Account',
  mail_confirmed: 'Account',
  mail_stopped: 'Account',
  demo_account_opened: 'Account',
  demo_account_retired: 'Account',
  personal_data_erased: 'Account',
  account_opened: 'Trading accounts',
  account_changed: 'Trading accounts',
  account_reset: 'Trading accounts',
  deposited: 'Trading accounts',
  account_differs: 'Trading accounts',
  account_agrees: 'Trading accounts',
  corporate_action_taken: 'Trading accounts',
  switch_set: 'Trading accounts',
  order_intended: 'Orders',
  order_answered: 'Orders',
  order_adopted: 'Orders',
  pipeline_created: 'Pipelines',
  pipeline_activated: 'Pipelines',
  pipeline_deactivated: 'Pipelines',
  pipeline_published: 'Pipelines',
  pipeline_mode_changed: 'Pipelines',
  pipeline_trigger_changed: 'Pipelines',
  pipeline_archived: 'Pipelines',
  pipeline_restored: 'Pipelines',
  pipeline_deleted: 'Pipelines',
  pipeline_adopted: 'Pipelines',
  pipeline_version_adopted: 'Pipelines',
  pipeline_version_dropped: 'Pipelines',
  webhook_source_created: 'Webhooks',
  webhook_source_changed: 'Webhooks',
  webhook_secret_rotated: 'Webhooks',
  webhook_source_deleted: 'Webhooks',
  scanner_created: 'Scanners',
  scanner_changed: 'Scanners',
  scanner_deleted: 'Scanners',
  instrument_changed: 'Instruments',
  instrument_reset: 'Instruments',
  generator_created: 'Generators',
  generator_changed: 'Generators',
  generator_deleted: 'Generators',
  chain_started: 'Installation',
  key_rotated: 'Installation',
  key_replaced: 'Installation',
  checkpoints_lost: 'Installation',
  ledger_differs: 'Installation',
  dead_letter_replayed: 'Installation',
  plugin_added: 'Installation',
  plugin_removed: 'Installation',
  plugin_left_out: 'Installation',
} as const satisfies Readonly<Record<AuditEventType, string>>;

export const AUDIT_TYPES: readonly TypeGroup[] = [...new Set(Object.values(BY_SUBJECT))].map(
  (label) => ({
    label,
    types: (Object.keys(BY_SUBJECT) as AuditEventType[]).filter(
      (type) => BY_SUBJECT[type] === label,
    ),
  }),
);
