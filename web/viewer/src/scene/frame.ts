/** One frame loop: it asks for a frame only when something changed, and stops by itself. */
export class FrameLoop {
  private pending = 0;
  private readonly waiting: (() => void)[] = [];
  private stopped = false;

  /** `draw` draws one frame and says whether another is needed; `flush` waits for the GPU. */
  constructor(private readonly draw: (now_ms: number) => boolean, private readonly flush: () => void) {}

  invalidate(): void {
    if (this.pending !== 0 || this.stopped) return;
    this.pending = requestAnimationFrame((now_ms) => {
      this.pending = 0;
      const more = this.draw(now_ms);
      if (this.waiting.length > 0) {
        this.flush();
        for (const resolve of this.waiting.splice(0)) resolve();
      }
      if (more) this.invalidate();
    });
  }

  /** Resolves when the next frame has been drawn and the GPU has finished it. */
  painted(): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.invalidate();
    });
  }

  stop(): void {
    this.stopped = true;
    cancelAnimationFrame(this.pending);
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}
