/** Tells when a line has been silent for too long: a server that stopped, or a cut cable, closes nothing. */
export const SILENT_AFTER_MS = 12_000;

export class Silence {
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly onSilent: () => void) {}

  /** Something came: the wait begins anew. */
  heard(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(this.onSilent, SILENT_AFTER_MS);
  }

  stop(): void {
    clearTimeout(this.timer);
  }
}
