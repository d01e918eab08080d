import { getRouteApi } from "@tanstack/react-router";
import { CommandList } from "../components/command-list";

const route = getRouteApi("/app/agents/$agentId/commands");

export function MachineCommandsTab() {
  const { agentId } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <CommandList agentId={agentId} search={search} onSearch={(next) => navigate({ search: next, replace: true })} />
  );
}
