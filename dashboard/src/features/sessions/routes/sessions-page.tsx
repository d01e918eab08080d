import { getRouteApi } from "@tanstack/react-router";
import { Page } from "@/components/page";
import { OwnSessions } from "../components/own-sessions";
import { SessionList } from "../components/session-list";

const route = getRouteApi("/app/sessions");

export function SessionsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <Page title="Sessions" fill>
      <OwnSessions />
      <SessionList search={search} onSearch={(next) => navigate({ search: next, replace: true })} />
    </Page>
  );
}
