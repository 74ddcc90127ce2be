import type { ServiceOut } from '@core/api';

export type ServiceState = ServiceOut['state'];

export interface StateLook {
  readonly label: string;
  readonly icon: string;
  readonly colour: string;
}

export const STATE_LOOKS: Readonly<Record<ServiceState, StateLook>> = {
  starting: { label: 'Starting', icon: 'progress_activity', colour: 'running' },
  running: { label: 'Running', icon: 'check_circle', colour: 'done' },
  waiting: { label: 'Waiting', icon: 'hourglass_top', colour: 'waiting' },
  failing: { label: 'Failing', icon: 'error', colour: 'failed' },
  stopped: { label: 'Stopped', icon: 'stop_circle', colour: 'waiting' },
  lost: { label: 'No heartbeat', icon: 'heart_broken', colour: 'failed' },
};

export interface Group {
  readonly service: string;
  readonly instances: readonly ServiceOut[];
}

/**
 * Instances by service; what needs someone comes first, then by name. An instance that was stopped
 * is of no interest once another has taken over.
 */
export function groupServices(services: readonly ServiceOut[]): Group[] {
  const names = [...new Set(services.map((item) => item.service))].sort();
  const groups = names.map((service) => ({
    service,
    instances: withoutReplaced(services.filter((item) => item.service === service)),
  }));
  return groups.sort((a, b) => Number(isWell(a.instances)) - Number(isWell(b.instances)));
}

function withoutReplaced(instances: readonly ServiceOut[]): readonly ServiceOut[] {
  const left = instances.filter((item) => item.state !== 'stopped');
  return left.length ? left : instances;
}

/** The one sentence that tells whether anyone has to look. */
export function summaryInWords(services: readonly ServiceOut[]): string {
  const ill = groupServices(services).filter((group) => !isWell(group.instances));
  if (!services.length) return 'No service has reported yet.';
  if (!ill.length) return 'All services are running.';
  const names = ill.map((group) => readable(group.service)).join(', ');
  return ill.length === 1
    ? `${names} needs a look.`
    : `${ill.length} services need a look: ${names}.`;
}

/** A service works when one of its instances does and none is failing. */
export function isWell(instances: readonly ServiceOut[]): boolean {
  const states = instances.map((item) => item.state);
  return states.some((state) => state === 'running') && !states.includes('failing');
}

/** The state in words: with what it waits for. */
export function stateInWords(item: ServiceOut): string {
  if (item.state === 'waiting' && item.waiting_for) return `Waiting for ${item.waiting_for}`;
  return STATE_LOOKS[item.state].label;
}

/** `signal_dispatcher` as `Signal dispatcher`. */
export function readable(service: string): string {
  const words = service.replaceAll(/[_.-]+/g, ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** What an instance is called: with its number, where a service has several. */
export function nameInWords({ service, instances }: Group, index: number): string {
  const name = readable(service);
  return instances.length > 1 ? `${name} ${index + 1}` : name;
}

/** What a service says of itself: `lag: 0, matched: 12`. */
export function detailInWords(detail: ServiceOut['detail']): string {
  return Object.entries(detail ?? {})
    .filter(([, value]) => !isEmpty(value))
    .map(([name, value]) => `${name.replaceAll('_', ' ')}: ${figure(value)}`)
    .join(', ');
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && Object.keys(value ?? {}).length === 0;
}

function figure(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
