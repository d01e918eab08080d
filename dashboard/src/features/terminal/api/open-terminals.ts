/** Which machines have a shell open in this tab. The terminal feature keeps it, the sidebar shows it. */
export interface OpenTerminal {
  agentId: string;
  sessionId: string | null;
  hostname: string;
}

let terminals: readonly OpenTerminal[] = [];
const listeners = new Set<() => void>();

export function openTerminals(): readonly OpenTerminal[] {
  return terminals;
}

export function onOpenTerminals(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function setOpenTerminals(next: readonly OpenTerminal[]): void {
  terminals = next;
  for (const listener of listeners) listener();
}
