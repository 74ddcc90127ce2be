import { type SavesUnderWay } from './saves-under-way';

/** Saves of one editor, one at a time. */
export class SaveTurns {
  private current: Promise<boolean> | null = null;
  /** The one that follows it, for all who asked meanwhile. */
  private following: Promise<boolean> | null = null;

  constructor(private readonly saves: SavesUnderWay) {}

  /** The save under way, or null. */
  get inFlight(): Promise<boolean> | null {
    return this.current;
  }

  /** Does `save` at once, or after the one under way, once for all who ask until then. */
  next(save: () => Promise<boolean>): Promise<boolean> {
    if (this.following) return this.following;
    if (!this.current) return save();
    this.following = this.current.then(() => {
      this.following = null;
      return this.next(save);
    });
    return this.following;
  }

  /** Lets no other save begin before this one is over. */
  follow(pipelineId: string, save: Promise<boolean>): Promise<boolean> {
    this.current = save.finally(() => (this.current = null));
    this.saves.begin(pipelineId, this.current);
    return this.current;
  }

  /** What `read` gives when no save began meanwhile. */
  async between<T>(read: () => Promise<T>): Promise<T> {
    for (;;) {
      await this.current;
      const found = await read();
      if (!this.current) return found;
    }
  }
}
