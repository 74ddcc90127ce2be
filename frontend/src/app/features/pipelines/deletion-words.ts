import type { PipelineHistory } from '@core/api';
import { formatCount } from '@shared/format/numbers';

/** What deleting a pipeline does to it and to what its runs left, before it is agreed to. */
export function deletionWords(history: PipelineHistory, active: boolean): string {
  return (active ? 'It is active: it starts no more. ' : '') + held(history) + effectOf(history);
}

function held({ open_positions: open }: PipelineHistory): string {
  if (!open) return '';
  return open === 1
    ? 'Its open position stays open, with its stop and targets, until one is reached or you close it. '
    : `Its ${open} open positions stay open, with their stops and targets, until one is reached or you close them. `;
}

function effectOf({ runs, orders, kept }: PipelineHistory): string {
  if (!kept) {
    const rest = runs
      ? `, all its versions and its ${counted(runs, 'run')}`
      : ' and all its versions';
    return `The pipeline${rest} are removed. This cannot be undone.`;
  }
  const why = orders
    ? `It has traded: its ${counted(orders, 'order')} and its costs stay in your history`
    : 'It has cost money: its costs stay in your history';
  return `${why}, and its ${counted(runs, 'run')} can still be read. The pipeline itself is removed from every list. This cannot be undone.`;
}

function counted(count: number, noun: string): string {
  return count === 1 ? noun : `${formatCount(count)} ${noun}s`;
}
