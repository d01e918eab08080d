/** Which sessions this tab was in, by machine, over a reload. A browser that refuses storage simply forgets them. */
const NAME = "gururmm.terminals";

export function rememberedSession(agentId: string): string | null {
  return read()[agentId] ?? null;
}

export function rememberSession(agentId: string, sessionId: string | null): void {
  const { [agentId]: before, ...others } = read();
  if ((before ?? null) === sessionId) return;
  try {
    sessionStorage.setItem(NAME, JSON.stringify(sessionId ? { ...others, [agentId]: sessionId } : others));
  } catch {
    return; // then a reloaded page opens a new shell, and lists the one before
  }
}

function read(): Record<string, string> {
  try {
    return JSON.parse(sessionStorage.getItem(NAME) ?? "{}") as Record<string, string>;
  } catch {
    return {};
  }
}
