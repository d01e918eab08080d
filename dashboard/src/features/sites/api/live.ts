import { keys } from "@/api/keys";
import type { Invalidation } from "@/api/live-contribution";

export const invalidations: Invalidation[] = [
  // How many of a Site's machines are online is read with the Site; machines come and go too often to follow.
  { after: ["agent"], except: ["agent.online", "agent.offline"], refetch: [keys.sites, keys.clients] },
  { after: ["site", "client"], refetch: [keys.sites, keys.clients] },
];
