/** Who hears of which topic. A topic is asked for while anybody does. */
export class TopicHandlers<News> {
  private readonly handlers = new Map<string, Set<(news: News) => void>>();

  /** `ask` sends a message, or nothing while there is no connection. */
  constructor(private readonly ask: (message: object) => void) {}

  /** Returns the way to stop. */
  add(topic: string, handler: (news: News) => void): () => void {
    const known = this.handlers.get(topic);
    const handlers = known ?? new Set();
    handlers.add(handler);
    if (!known) {
      this.handlers.set(topic, handlers);
      this.subscribe(topic);
    }
    return () => this.remove(topic, handler);
  }

  /** Asks for every topic, as on a new connection. */
  subscribeAll(): void {
    for (const topic of this.handlers.keys()) this.subscribe(topic);
  }

  tell(topic: string, news: News): void {
    for (const handler of this.handlers.get(topic) ?? []) handler(news);
  }

  clear(): void {
    this.handlers.clear();
  }

  private subscribe(topic: string): void {
    this.ask({ type: 'subscribe', topic });
  }

  private remove(topic: string, handler: (news: News) => void): void {
    const handlers = this.handlers.get(topic);
    if (!handlers?.delete(handler) || handlers.size) return;
    this.handlers.delete(topic);
    this.ask({ type: 'unsubscribe', topic });
  }
}
