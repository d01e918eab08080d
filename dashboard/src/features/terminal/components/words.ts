/** Why a session ended, in sentences. */
export function endWords(reason: string | null | undefined, exitCode: number | null | undefined): string {
  const sentence = reason?.trim();
  const whole = sentence && !/[.!?)]$/.test(sentence) ? `${sentence}.` : sentence;
  return [whole, exitCode != null ? `Exit code ${exitCode}.` : ""].filter(Boolean).join(" ");
}
