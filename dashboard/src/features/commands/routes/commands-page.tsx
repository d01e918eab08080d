import { getRouteApi, Link } from "@tanstack/react-router";
import { buttonClass } from "@/components/button";
import { Page } from "@/components/page";
import { CommandList } from "../components/command-list";

const route = getRouteApi("/app/commands");

export function CommandsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <Page
      title="Commands"
      fill
      acts={
        <Link to="/fleet" className={buttonClass()}>
          Choose machines to run on
        </Link>
      }
    >
      <CommandList search={search} onSearch={(next) => navigate({ search: next, replace: true })} />
    </Page>
  );
}
