/** Keeps the last few answers of immutable addresses; asks once for each. */

export class ByteCache {
  private readonly held = new Map<string, Promise<ArrayBuffer>>();

  constructor(private readonly get: (url: string) => Promise<ArrayBuffer>, private readonly most = 24) {}

  bytes(url: string): Promise<ArrayBuffer> {
    const known = this.held.get(url);
    if (known) {
      this.held.delete(url);
      this.held.set(url, known);
      return known;
    }
    const asked = this.get(url);
    this.held.set(url, asked);
    asked.catch(() => this.held.delete(url));
    const oldest = this.held.keys().next().value;
    if (this.held.size > this.most && oldest !== undefined) this.held.delete(oldest);
    return asked;
  }
}
