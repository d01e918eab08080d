const SIGNALS: Record<number, string> = {
  1: "hung up, SIGHUP",
  2: "interrupted, SIGINT",
  3: "quit, SIGQUIT",
  4: "crashed, SIGILL",
  6: "aborted, SIGABRT",
  7: "crashed, SIGBUS",
  8: "crashed, SIGFPE",
  9: "killed, SIGKILL",
  11: "crashed, SIGSEGV",
  13: "nobody read what it wrote, SIGPIPE",
  15: "asked to end, SIGTERM",
};

/** A program's exit code with what it stands for: "−9 (killed, SIGKILL)", "127 (not found)". */
export function exitWords(code: number | null): string {
  if (code === null) return "–";
  const words = meaning(code);
  const number = code < 0 ? `−${-code}` : String(code);
  return words === undefined ? number : `${number} (${words})`;
}

function meaning(code: number): string | undefined {
  if (code < 0) return SIGNALS[-code] ?? `signal ${-code}`;
  if (code === 126) return "could not be executed";
  if (code === 127) return "not found";
  return code > 128 ? SIGNALS[code - 128] : undefined;
}
