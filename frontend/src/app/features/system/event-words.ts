import { formatMoney, formatPrice, formatQuantity } from '@shared/format/numbers';
import { isObject, leafText, readable } from '@shared/json-tree/json-shape';

type Data = Readonly<Record<string, unknown>>;

export interface DataLink {
  readonly label: string;
  readonly link: readonly string[];
}

/** Types whose raw name does not read as words. */
const TYPES: Readonly<Record<string, string>> = {
  chain_started: 'Record begun',
  key_rotated: 'Signing key rotated',
  key_replaced: 'Signing key replaced',
  checkpoints_lost: 'Checkpoint files lost',
  user_registered: 'Account created',
  mail_confirmed: 'Mail address confirmed',
  mail_stopped: 'Mail stopped',
  user_logged_in: 'Logged in',
  user_logged_out: 'Logged out',
  login_failed: 'Log-in failed',
  sessions_revoked: 'Sessions ended',
  plugin_added: 'Plug-in added',
  plugin_removed: 'Plug-in removed',
  plugin_left_out: 'Plug-in left out',
  pipeline_adopted: 'Pipeline taken on record',
  pipeline_version_adopted: 'Version taken on record',
  pipeline_version_dropped: 'Version dropped',
  pipeline_activated: 'Pipeline switched on',
  pipeline_deactivated: 'Pipeline switched off',
  pipeline_trigger_changed: 'Trigger changed',
  pipeline_mode_changed: 'Mode changed',
  order_adopted: 'Order taken on record',
  order_intended: 'Order placed',
  order_answered: 'Order answered',
  OrderIntended: 'Order placed',
  SignalMessage: 'Signal received',
  SignalRaised: 'Signal received',
  SignalNormalized: 'Signal accepted',
  webhook_secret_rotated: 'Webhook secret replaced',
};

const ABBREVIATIONS = /\b(?:api|llm|url)\b/g;

/** A type in words: `order_filled` and `OrderFilled` are both "Order filled". */
export function typeInWords(type: string): string {
  const spaced = type.replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2').replaceAll(/[_.]+/g, ' ');
  const words = spaced.trim().toLowerCase();
  return TYPES[type] ?? upper(words.replaceAll(ABBREVIATIONS, (short) => short.toUpperCase()));
}

/** Types by their words; those that share them are told apart by where they come from. */
export function namedApart(types: readonly string[]): ReadonlyMap<string, string> {
  const sharing = new Map<string, string[]>();
  for (const type of types) {
    const words = typeInWords(type);
    sharing.set(words, [...(sharing.get(words) ?? []), type]);
  }
  const name = (type: string): string => {
    const words = typeInWords(type);
    const others = (sharing.get(words) ?? []).filter((other) => other !== type);
    if (!others.length) return words;
    // Entries of the record alone are written so.
    const onRecord = (it: string): boolean => it === it.toLowerCase();
    if (!onRecord(type) && others.every(onRecord)) return words;
    const alone = onRecord(type) && !others.some(onRecord);
    return alone ? `${words}, on record` : `${words} (${type})`;
  };
  return new Map(types.map((type) => [type, name(type)]));
}

const SENTENCES: Readonly<Record<string, (data: Data) => string>> = {
  user_registered: ({ role, tier }) => `As ${text(role)}, tier ${text(tier)}`,
  order_intended: placed,
  OrderIntended: placed,
  order_answered: answered,
  OrderFilled: (data) =>
    `${verb(data, true)} ${formatQuantity(text(data['quantity']))} ${text(data['symbol'])} at ${formatPrice(text(data['price']))}`,
  pipeline_mode_changed: ({ before, mode }) => `From ${text(before)} to ${text(mode)}`,
  pipeline_trigger_changed: ({ before, trigger }) => `From ${kindOf(before)} to ${kindOf(trigger)}`,
  pipeline_published: ({ version, name, trigger }) =>
    [`Version ${leafText(version)}`, name ? text(name) : '', `starts ${kindOf(trigger)}`]
      .filter(Boolean)
      .join(', '),
  pipeline_created: standing,
  pipeline_adopted: standing,
  pipeline_activated: standing,
  pipeline_deactivated: standing,
  pipeline_archived: standing,
  pipeline_restored: standing,
  pipeline_deleted: deleted,
  pipeline_version_dropped: ({ version }) => `Version ${leafText(version)}, which nothing ran`,
  pipeline_version_adopted: ({ version }) => `Version ${leafText(version)}, of before`,
  budget_changed: ({ per_run, per_day }) => `Per run ${limit(per_run)}, per day ${limit(per_day)}`,
  webhook_source_changed: ({ changed }) => `Changed: ${leafText(changed)}`,
  RunFinished: ({ symbol, status, mode }) =>
    [text(symbol), text(status), mode ? `in ${text(mode)} mode` : ''].filter(Boolean).join(' '),
  SignalMessage: signalled,
  SignalRaised: signalled,
  SignalNormalized: (data) =>
    `${signalled(data)}: ${leafText(data['started'])} started, ${leafText(data['skipped'])} skipped`,
};

const MOST_PARTS = 4;
/** Said elsewhere in the row, or nothing for a person to read. */
const LEFT_OUT = new Set([
  'pipeline_id',
  'user_id',
  'event_id',
  'event_type',
  'correlation_id',
  'occurred_at',
  'schema_version',
  'version',
]);

/** What an event holds, as a short sentence; unknown types name their first figures. */
export function dataInWords(type: string, data: Data): string {
  const said = SENTENCES[type]?.(data);
  if (said) return said;
  const leaves = Object.entries(data).filter(
    ([key, value]) => !LEFT_OUT.has(key) && !isObject(value) && value !== null && value !== '',
  );
  const [ids, others] = [leaves.filter(isId), leaves.filter((leaf) => !isId(leaf))];
  const parts = [...others, ...ids].slice(0, MOST_PARTS);
  return upper(parts.map(([key, value]) => `${readable(key)} ${shortened(key, value)}`).join(', '));
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
interface Page {
  readonly keys: readonly string[];
  readonly label: string;
  readonly path: string;
  /** It is no more once a pipeline was deleted. */
  readonly gone?: boolean;
}
const PAGES: readonly Page[] = [
  { keys: ['run_id', 'execution_id'], label: 'Open the run', path: '/runs' },
  { keys: ['pipeline_id'], label: 'Open the pipeline', path: '/pipelines', gone: true },
  { keys: ['signal_id'], label: 'Open the signal', path: '/signals' },
  { keys: ['source_id'], label: 'Open the webhook', path: '/signals/webhooks' },
  { keys: ['dead_letter_id'], label: 'Open the dead letter', path: '/system/dead-letters' },
];

/** The pipeline that an event speaks of, or null. */
export function pipelineOf({ pipeline_id }: Data): string | null {
  return UUID.test(text(pipeline_id)) ? text(pipeline_id) : null;
}

/** The pages of what an event of `type` speaks of. */
export function linksOf(type: string, data: Data): readonly DataLink[] {
  const pages = PAGES.filter(({ gone }) => !gone || type !== 'pipeline_deleted');
  return pages.flatMap(({ keys, label, path }) => {
    const id = keys.map((key) => data[key]).find((value) => UUID.test(text(value)));
    return id === undefined ? [] : [{ label, link: [path, text(id)] }];
  });
}

/** Whose it is: "You", the end of somebody's id, or the installation itself. */
export function whoseInWords(userId: string | null, own: string | null): string {
  if (userId === null) return 'Installation';
  return userId === own ? 'You' : `User …${userId.slice(-6)}`;
}

/** The end of an id: its beginning is a time, and much the same in all of them. */
export function endOfId(id: string): string {
  return id.length > 14 ? `…${id.slice(-10)}` : id;
}

function placed(data: Data): string {
  const what = `${verb(data)} ${formatQuantity(text(data['quantity']))} ${text(data['symbol'])}`;
  const price = data['reference_price'];
  const about = price ? ` at about ${formatPrice(text(price))}` : '';
  return `${what}${about}${data['mode'] ? `, ${text(data['mode'])} mode` : ''}`;
}

function answered({ status, reason, fills }: Data): string {
  const found = (Array.isArray(fills) ? fills : []).filter(isObject);
  const parts = found.map(
    (fill) => `${formatQuantity(text(fill['quantity']))} at ${formatPrice(text(fill['price']))}`,
  );
  const why = parts.length ? parts.join(', ') : text(reason);
  return [typeInWords(text(status)), why].filter(Boolean).join(': ');
}

/** What lists of pipelines call a status. */
const STATUSES: Readonly<Record<string, string>> = { draft: 'Off' };

function statusInWords(status: unknown): string {
  return STATUSES[text(status)] ?? typeInWords(text(status));
}

function standing({ status, mode, trigger }: Data): string {
  const words = [status && statusInWords(status), mode && `${text(mode)} mode`];
  return upper([...words, trigger ? kindOf(trigger) : ''].filter(Boolean).join(', '));
}

/** What was deleted: how it stood, and what of it stays. */
function deleted({ status, mode, trigger, kept }: Data): string {
  // Older entries say of every pipeline that was kept that it was archived.
  const stood = kept && status === 'archived' ? undefined : status;
  const was = standing({ status: stood, mode, trigger });
  const stays = kept ? 'its runs, orders and costs are kept' : 'its runs went with it';
  return [was && `It was: ${was.toLowerCase()}`, stays].filter(Boolean).join('; ');
}

function signalled({ signal_type, tickers, source }: Data): string {
  const names = (Array.isArray(tickers) ? tickers : []).map((ticker) =>
    text(isObject(ticker) ? ticker['ticker'] : ticker),
  );
  const what = [typeInWords(text(signal_type)), names.slice(0, MOST_PARTS).join(', ')];
  return [...what, source ? `from ${text(source)}` : ''].filter(Boolean).join(' ');
}

function verb({ side }: Data, past = false): string {
  if (side === 'buy') return past ? 'Bought' : 'Buy';
  return past ? 'Sold' : 'Sell';
}

const TRIGGERS: Readonly<Record<string, string>> = {
  manual: 'by hand',
  periodic: 'on a schedule',
  schedule: 'on a schedule',
  signal: 'on signals',
};

function kindOf(trigger: unknown): string {
  const kind = text(isObject(trigger) ? trigger['kind'] : trigger);
  return TRIGGERS[kind] ?? readable(kind);
}

function limit(amount: unknown): string {
  return amount === null || amount === undefined ? 'no limit' : formatMoney(text(amount));
}

function isId([key]: [string, unknown]): boolean {
  return key === 'id' || key.endsWith('_id');
}

function shortened(key: string, value: unknown): string {
  return isId([key, value]) ? endOfId(text(value)) : leafText(value);
}

function upper(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function text(value: unknown): string {
  return value === null || value === undefined ? '' : String(value);
}
