import type { PipelineSummary } from '@core/api';

/** As much of a trigger as it takes to name it. */
export type Trigger =
  | PipelineSummary['trigger']
  | { readonly kind: 'manual' | 'signal' }
  | { readonly kind: 'periodic'; readonly every_minutes?: number; readonly continuous?: boolean };

export interface TriggerLook {
  readonly icon: string;
  readonly text: string;
}

/** How a pipeline starts, in a few words for a list or a button. */
export function triggerLook(trigger: Trigger): TriggerLook {
  switch (trigger.kind) {
    case 'periodic':
      return trigger.continuous
        ? { icon: 'repeat', text: 'Continuously' }
        : { icon: 'schedule', text: everyInWords(trigger.every_minutes ?? 5) };
    case 'signal':
      return { icon: 'sensors', text: 'On signals' };
    default:
      return { icon: 'touch_app', text: 'By hand' };
  }
}

/** `Every minute`, `Every 5 min`, `Every hour`, `Every 4 h`, `Every 1 h 30 min`, `Every day`. */
export function everyInWords(minutes: number): string {
  if (minutes === 1) return 'Every minute';
  if (minutes < 60) return `Every ${minutes} min`;
  if (minutes === 60) return 'Every hour';
  if (minutes === 1440) return 'Every day';
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  return rest ? `Every ${hours} h ${rest} min` : `Every ${hours} h`;
}
