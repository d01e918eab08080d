import type { Problem } from "./contract";

/** An answer of the server that is not a success, or no answer at all (`status` 0, code "unreachable"). */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly requestId: string | null;
  readonly details: unknown;
  readonly retryAfterSeconds: number | null;

  constructor(status: number, body: Partial<Problem>, retryAfterSeconds: number | null = null) {
    super(body.message ?? fallbackMessage(status));
    this.name = "ApiError";
    this.status = status;
    this.code = body.code ?? "unknown";
    this.requestId = body.request_id ?? null;
    this.details = body.details ?? null;
    this.retryAfterSeconds = retryAfterSeconds;
  }

  /** The messages of a 422 by field name; empty when the answer names no fields. */
  get fields(): Record<string, string> {
    const found: Record<string, string> = {};
    if (!Array.isArray(this.details)) return found;
    for (const entry of this.details as { field?: unknown; message?: unknown }[]) {
      if (typeof entry?.field === "string") found[entry.field] = String(entry.message ?? "This is not valid.");
    }
    return found;
  }
}

function fallbackMessage(status: number): string {
  if (status === 0) return "The server can't be reached.";
  if (status === 502 || status === 503 || status === 504) return "The server isn't ready to answer.";
  return `The server answered with status ${status}.`;
}

/** An error's sentence for people; where the server says what is wrong with which value, that. */
export function messageOf(error: unknown): string {
  if (error instanceof ApiError && Object.keys(error.fields).length > 0) return Object.values(error.fields).join(" ");
  return error instanceof Error ? error.message : "Something unexpected happened.";
}

/** Whether trying the same request again can help. */
export function isPassing(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 0 || error.status >= 500 || error.status === 429);
}
