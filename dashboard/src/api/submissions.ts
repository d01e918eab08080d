/**
 * The keys by which the server knows that a request is the same submission as one before. Each submission has a key of
 * its own; one whose outcome nobody knows (no answer, or a failing server) keeps its key for the next try with the same
 * content, so that what was carried out already is found instead of being done again.
 */
import { newId } from "@/lib/new-id";
import { isPassing } from "./errors";

const KEPT_MS = 10 * 60_000;
const KEPT_AT_MOST = 20;

export class Submissions {
  private readonly unsettled = new Map<string, { key: string; at: number }>();

  /** Does the work with a key. What is sent a second time at once is another submission, with another key. */
  async once<T>(content: string, work: (key: string) => Promise<T>): Promise<T> {
    const before = this.unsettled.get(content);
    this.unsettled.delete(content);
    const key = before !== undefined && Date.now() - before.at < KEPT_MS ? before.key : newId();
    try {
      return await work(key);
    } catch (error) {
      if (isPassing(error) || isAbort(error)) this.keep(content, key);
      throw error;
    }
  }

  private keep(content: string, key: string): void {
    this.unsettled.set(content, { key, at: Date.now() });
    const [oldest] = this.unsettled.keys();
    if (this.unsettled.size > KEPT_AT_MOST && oldest !== undefined) this.unsettled.delete(oldest);
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}
