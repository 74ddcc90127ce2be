import type { ExecutionOut, NodeRunOut } from '@core/api';

export interface Bar {
  readonly nodeId: string;
  readonly name: string;
  readonly status: NodeRunOut['status'];
  readonly attempts: number;
  readonly runtimeMs: number | null;
  /** Start and width in percent of the scale; null before the node started. */
  readonly left: number | null;
  readonly width: number;
}

export interface Tick {
  /** Place in percent of the scale. */
  readonly at: number;
  /** Time since the start of the run, in ms. */
  readonly ms: number;
}

export interface Timeline {
  readonly bars: readonly Bar[];
  readonly ticks: readonly Tick[];
}

const TICKS = 5;
const NICE = [1, 2, 5, 10];

/** A bar per node on the run's own clock; `nowMs` is the end of bars that still grow. */
export function timelineOf(run: ExecutionOut, nowMs: number): Timeline {
  const start = Date.parse(run.started_at ?? run.created_at);
  const ends = run.nodes.map((node) => endOf(node, nowMs)).filter((end) => end !== null);
  const end = Math.max(run.finished_at ? Date.parse(run.finished_at) : nowMs, ...ends);
  const span = Math.max(end - start, 1);
  return { bars: run.nodes.map((node) => barOf(node, start, span, nowMs)), ticks: ticksOf(span) };
}

function barOf(node: NodeRunOut, start: number, span: number, nowMs: number): Bar {
  const begin = node.started_at ? Date.parse(node.started_at) : null;
  const end = endOf(node, nowMs);
  const percent = (ms: number) => clamp((100 * ms) / span);
  const left = begin === null || node.status === 'skipped' ? null : percent(begin - start);
  return {
    nodeId: node.node_id,
    name: node.name,
    status: node.status,
    attempts: node.attempts,
    runtimeMs: node.runtime_ms,
    left,
    width: begin === null || end === null ? 0 : percent(end - begin),
  };
}

function endOf(node: NodeRunOut, nowMs: number): number | null {
  if (!node.started_at) return null;
  if (node.finished_at) return Date.parse(node.finished_at);
  return node.status === 'running' || node.status === 'waiting'
    ? nowMs
    : Date.parse(node.started_at) + (node.runtime_ms ?? 0);
}

/** Round times along the scale: 0, 200 ms, 400 ms. */
function ticksOf(span: number): Tick[] {
  const rough = span / TICKS;
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const step = (NICE.find((nice) => nice * magnitude >= rough) ?? 10) * magnitude;
  const count = Math.floor(span / step);
  return Array.from({ length: count + 1 }, (_, i) => ({
    at: (100 * i * step) / span,
    ms: i * step,
  }));
}

function clamp(percent: number): number {
  return Math.min(100, Math.max(0, percent));
}
