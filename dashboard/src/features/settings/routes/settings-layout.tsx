import { Outlet, useLocation } from "@tanstack/react-router";
import { useLabel, useMe } from "@/api/use-sign-in";
import { Page, TabBar, TabLink } from "@/components/page";
import { cn } from "@/lib/cn";

const FILLED = /\/(users|audit)$/;

export function SettingsLayout() {
  const { permissions, tenant_id: tenantId } = useMe();
  const label = useLabel();
  const { pathname } = useLocation();
  const can = (permission: string) => tenantId !== null && permissions.includes(permission);
  const fill = FILLED.test(pathname);
  return (
    <Page title="Settings" fill={fill}>
      <TabBar label="Settings">
        <TabLink to="/settings" exact>
          Account
        </TabLink>
        {can("users.read") && <TabLink to="/settings/users">Users</TabLink>}
        {can("settings.write") && <TabLink to="/settings/partner">{label("partner")}</TabLink>}
        {can("audit.read") && <TabLink to="/settings/audit">Audit</TabLink>}
      </TabBar>
      <div className={cn("pt-4", fill && "flex min-h-0 flex-1 flex-col")}>
        <Outlet />
      </div>
    </Page>
  );
}
