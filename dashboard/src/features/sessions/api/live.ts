import { keys } from "@/api/keys";
import type { Invalidation } from "@/api/live-contribution";

export const invalidations: Invalidation[] = [{ after: ["tunnel"], mark: [keys.sessionLists] }];
