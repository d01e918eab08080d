import { toast } from "sonner";
import { ApiError, messageOf } from "@/api/errors";

/** Says that an act failed, with the id to quote. */
export function notifyError(what: string, error: unknown): void {
  const quote = error instanceof ApiError && error.requestId ? ` Quote ${error.requestId}.` : "";
  toast.error(what, { description: `${messageOf(error)}${quote}`, duration: 8000 });
}

export function notifyDone(what: string): void {
  toast.success(what);
}
