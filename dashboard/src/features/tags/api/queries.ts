import { queryOptions } from "@tanstack/react-query";
import { api } from "@/api/http";
import type { BodyOf } from "@/api/paths";

const TAGS = ["tags"] as const;

/** A machine's tags, with those of its Site and Client. */
export function agentTagsQuery(agentId: string) {
  return queryOptions({
    queryKey: [...TAGS, "agent", agentId],
    queryFn: ({ signal }) => api.get("/agents/{agent_id}/tags", { path: { agent_id: agentId }, signal }),
  });
}

/** The tags that there are. */
export const tagsQuery = queryOptions({
  queryKey: [...TAGS, "all"],
  queryFn: ({ signal }) => api.get("/tags", { signal }),
});

export const changeTags = (body: BodyOf<"/tags", "post">) => api.post("/tags", { body });
