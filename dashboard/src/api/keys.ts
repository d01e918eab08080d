/** The names under which answers are cached. They are shared, because what one feature does makes another's answers old. */
export const keys = {
  agentLists: ["agents", "list"] as const,
  agent: (id: string) => ["agents", "detail", id] as const,
  commandLists: ["commands", "list"] as const,
  commandSums: ["commands", "sums"] as const,
  failedRuns: ["commands", "failed-runs"] as const,
  command: (id: string) => ["commands", "detail", id] as const,
  eventLists: ["events", "list"] as const,
  sessionLists: ["sessions", "list"] as const,
  ownSessions: ["sessions", "own"] as const,
  session: (id: string) => ["sessions", "detail", id] as const,
  overview: ["overview"] as const,
  contact: ["contact"] as const,
  tree: ["tree"] as const,
  clients: ["clients"] as const,
  sites: ["sites"] as const,
  /** What the palette asks for; while any of it is on its way, it says so. */
  palette: ["palette"] as const,
};
