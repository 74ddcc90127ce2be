import { Service, inject, signal } from '@angular/core';
import { Session } from '@core/auth/session';
import type { AccountNews, AccountNewsHandler } from './account-news';
import { backoffMs } from './backoff';
import type { EventOut, SocketMessage } from '@core/api';
import type { NoticeNews, NoticeNewsHandler } from './notice-news';
import type { PipelineNews, PipelineNewsHandler } from './pipeline-news';
import type { QuoteNews, QuoteNewsHandler } from './quote-news';
import { type RunEvent, type RunEventHandler, SeenEvents } from './run-event';
import { SOCKET_FACTORY, type SocketLike } from './socket-factory';
import { TopicHandlers } from './topic-handlers';

export type SocketState = 'closed' | 'connecting' | 'ready';

interface RunSubscription {
  readonly executionId: string;
  readonly seen: SeenEvents;
  readonly handler: RunEventHandler;
}

/** The server pings every 20 s; twice that without a word means the line is dead. */
const SILENCE_MS = 45_000;
/** With these the server refuses the token itself: of other refusals a new token is no cure. */
const REFUSED_TOKEN = ['not_signed_in', 'token_expired', 'session_ended', 'account_disabled'];

/**
 * The one WebSocket of the page. It logs in with its first message, subscribes, and after a lost
 * connection comes back by itself and resumes each run from the last event that was seen.
 */
@Service()
export class LiveSocket {
  private readonly session = inject(Session);
  private readonly open = inject(SOCKET_FACTORY);
  private readonly runs = new Set<RunSubscription>();
  private readonly userHandlers = new Set<RunEventHandler>();
  private readonly noticeHandlers = new Set<NoticeNewsHandler>();
  private readonly pipelineHandlers = new Set<PipelineNewsHandler>();
  private readonly quotes = new TopicHandlers<QuoteNews>((message) => this.ask(message));
  private readonly accounts = new TopicHandlers<AccountNews>((message) => this.ask(message));
  private readonly current = signal<SocketState>('closed');
  private socket: SocketLike | null = null;
  private attempt = 0;
  private sentToken: string | null = null;
  /** The token of the last log-in, if that was refused for it. */
  private refusedToken?: string | null;
  private retryTimer?: ReturnType<typeof setTimeout>;
  private silenceTimer?: ReturnType<typeof setTimeout>;

  readonly state = this.current.asReadonly();

  /** Every event of every run of the user, from now on. Returns the way to stop. */
  watchUser(handler: RunEventHandler): () => void {
    this.userHandlers.add(handler);
    this.connect();
    return () => void this.userHandlers.delete(handler);
  }

  /** Events of one run that `seen` does not know. Returns the way to stop. */
  watchRun(executionId: string, seen: SeenEvents, handler: RunEventHandler): () => void {
    const subscription = { executionId, seen, handler };
    this.runs.add(subscription);
    if (this.current() === 'ready') this.subscribeRun(subscription);
    else this.connect();
    return () => void this.runs.delete(subscription);
  }

  /**
   * How the user's notices stand: at once, after each reconnection, and whenever that changes.
   * Returns the way to stop.
   */
  watchNotices(handler: NoticeNewsHandler): () => void {
    this.noticeHandlers.add(handler);
    if (this.current() === 'ready') this.subscribeNotices();
    else this.connect();
    return () => void this.noticeHandlers.delete(handler);
  }

  /**
   * Changes of the user's pipelines from now on. What came before the subscription, or between two
   * connections, is told as missed. Returns the way to stop.
   */
  watchPipelines(handler: PipelineNewsHandler): () => void {
    this.pipelineHandlers.add(handler);
    if (this.current() === 'ready') this.subscribePipelines();
    else this.connect();
    return () => void this.pipelineHandlers.delete(handler);
  }

  /**
   * Quotes of a symbol, in the server's spelling: the newest when the symbol is first watched and
   * after each reconnection, then each. Returns the way to stop.
   */
  watchQuotes(symbol: string, handler: QuoteNewsHandler): () => void {
    const stop = this.quotes.add(quotesTopic(symbol), handler);
    this.connect();
    return stop;
  }

  /**
   * What happens in an account of the user from now on. What came before the subscription, or
   * between two connections, is told as `look_again`. Returns the way to stop.
   */
  watchAccount(accountId: string, handler: AccountNewsHandler): () => void {
    const stop = this.accounts.add(accountTopic(accountId), handler);
    this.connect();
    return stop;
  }

  /** Opens the connection if it is not open; a reconnection that waits is made at once. */
  connect(): void {
    if (this.socket) return;
    clearTimeout(this.retryTimer);
    this.current.set('connecting');
    const socket = this.open();
    this.socket = socket;
    socket.onopen = () => this.logIn();
    socket.onmessage = (message) => this.receive(String(message.data));
    socket.onclose = () => this.lost(socket);
    this.expectWord();
  }

  /** Closes the connection for good, as at log-out. */
  disconnect(): void {
    this.runs.clear();
    this.userHandlers.clear();
    this.noticeHandlers.clear();
    this.pipelineHandlers.clear();
    this.quotes.clear();
    this.accounts.clear();
    clearTimeout(this.retryTimer);
    this.drop();
    this.attempt = 0;
    this.refusedToken = undefined;
  }

  private logIn(): void {
    this.sentToken = this.session.token();
    this.send({ type: 'auth', token: this.sentToken });
  }

  private receive(text: string): void {
    this.expectWord();
    const message = JSON.parse(text) as EventOut | SocketMessage;
    if ('sequence' in message) this.deliver(message);
    else this.heed(message);
  }

  private heed(message: SocketMessage): void {
    switch (message.type) {
      case 'ready':
        return this.ready();
      case 'ping':
        return this.send({ type: 'pong' });
      case 'error':
        return this.refused(message.code);
      case 'notices':
        return this.tell(message);
      case 'pipeline_changed':
      case 'pipelines_missed':
        return this.tellOfPipelines(message);
      case 'quote':
        return this.quotes.tell(quotesTopic(message.data.symbol), message);
      case 'order_updated':
      case 'position_opened':
      case 'position_changed':
      case 'position_closed':
      case 'account_changed':
        return this.accounts.tell(accountTopic(message.account_id), message);
      case 'look_again':
        return this.accounts.tell(message.topic, message);
      case 'subscribed':
        return this.subscribed(message.topic);
      default:
        message satisfies never; // of a newer server
    }
  }

  private subscribed(topic: string): void {
    if (topic === 'pipelines') this.tellOfPipelines({ type: 'pipelines_missed' });
    this.accounts.tell(topic, { type: 'look_again', topic });
  }

  private ready(): void {
    this.attempt = 0;
    this.refusedToken = undefined;
    this.current.set('ready');
    this.send({ type: 'subscribe', topic: 'user' });
    if (this.noticeHandlers.size) this.subscribeNotices();
    if (this.pipelineHandlers.size) this.subscribePipelines();
    this.quotes.subscribeAll();
    this.accounts.subscribeAll();
    for (const subscription of this.runs) this.subscribeRun(subscription);
  }

  private subscribeNotices(): void {
    this.send({ type: 'subscribe', topic: 'notices' });
  }

  private subscribePipelines(): void {
    this.send({ type: 'subscribe', topic: 'pipelines' });
  }

  private subscribeRun({ executionId, seen }: RunSubscription): void {
    this.send({ type: 'subscribe', topic: `execution:${executionId}`, after: seen.resumeAfter });
  }

  private deliver(event: RunEvent): void {
    for (const { executionId, seen, handler } of this.runs) {
      if (executionId === event.execution_id && seen.accept(event.sequence)) handler(event);
    }
    for (const handler of this.userHandlers) handler(event);
  }

  private tell(news: NoticeNews): void {
    for (const handler of this.noticeHandlers) handler(news);
  }

  private tellOfPipelines(news: PipelineNews): void {
    for (const handler of this.pipelineHandlers) handler(news);
  }

  /**
   * A refused log-in gets a fresh token of the same user before the next try. If that is refused as
   * well, the session has ended. The server closes the line itself.
   */
  private refused(code: string): void {
    if (this.current() === 'ready') return;
    const before = this.refusedToken;
    this.refusedToken = REFUSED_TOKEN.includes(code) ? this.sentToken : undefined;
    if (this.refusedToken === undefined) return;
    if (before === undefined || before === this.sentToken) return void this.session.renew();
    this.disconnect();
    this.session.end();
  }

  private lost(socket: SocketLike): void {
    if (socket !== this.socket) return;
    this.drop();
    this.retryTimer = setTimeout(() => this.connect(), backoffMs(this.attempt++));
  }

  private drop(): void {
    const socket = this.socket;
    this.socket = null;
    clearTimeout(this.silenceTimer);
    this.current.set('closed');
    socket?.close();
  }

  private expectWord(): void {
    clearTimeout(this.silenceTimer);
    const socket = this.socket;
    this.silenceTimer = setTimeout(() => socket && this.lost(socket), SILENCE_MS);
  }

  /** Sends what needs a connection that is open, if there is one. */
  private ask(message: object): void {
    if (this.current() === 'ready') this.send(message);
  }

  private send(message: object): void {
    this.socket?.send(JSON.stringify(message));
  }
}

function quotesTopic(symbol: string): string {
  return `quotes:${symbol}`;
}

function accountTopic(accountId: string): string {
  return `account:${accountId}`;
}
