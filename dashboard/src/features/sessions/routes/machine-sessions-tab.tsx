import { getRouteApi } from "@tanstack/react-router";
import { SessionList } from "../components/session-list";

const route = getRouteApi("/app/agents/$agentId/sessions");

export function MachineSessionsTab() {
  const { agentId } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <SessionList agentId={agentId} search={search} onSearch={(next) => navigate({ search: next, replace: true })} />
  );
}
