/** Why the browser does not take what stands in a field, as a sentence for the place below it. */
import { bytes, count } from "@/lib/format";

type Control = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

export function isControl(element: unknown): element is Control {
  return (
    element instanceof HTMLInputElement ||
    element instanceof HTMLTextAreaElement ||
    element instanceof HTMLSelectElement
  );
}

/** A field may also say `data-max-bytes`, since machines and databases count bytes. Null when all is well. */
export function whyInvalid(control: Control): string | null {
  const { validity, dataset, value } = control;
  const most = Number(dataset.maxBytes ?? Number.POSITIVE_INFINITY);
  const size = Number.isFinite(most) ? new TextEncoder().encode(value).length : 0;
  if (size > most) return `This is ${bytes(size)}; at most ${bytes(most)} fit.`;
  if (validity.badInput) return "This is not a number.";
  if (validity.valueMissing)
    return control instanceof HTMLSelectElement ? "Choose one." : (dataset.missing ?? "Fill this in.");
  if (control instanceof HTMLInputElement) {
    if (validity.rangeUnderflow) return `At least ${shown(control.min)}.`;
    if (validity.rangeOverflow) return `At most ${shown(control.max)}.`;
    if (validity.stepMismatch) return "A whole number.";
    if (validity.typeMismatch) return control.type === "email" ? "This is not an e-mail address." : "Check this.";
  }
  if (!(control instanceof HTMLSelectElement)) {
    if (validity.tooShort) return `At least ${count(control.minLength)} characters.`;
    if (validity.tooLong) return `At most ${count(control.maxLength)} characters.`;
  }
  return null;
}

function shown(limit: string): string {
  const value = Number(limit);
  return Number.isFinite(value) ? count(value) : limit;
}
