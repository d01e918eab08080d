import { Outlet } from "@tanstack/react-router";
import { Page, TabBar, TabLink } from "@/components/page";
import { useFill, useTabs } from "@/features/collected";
import { cn } from "@/lib/cn";

export function SettingsLayout() {
  const tabs = useTabs("settings");
  const fill = useFill();
  return (
    <Page title="Settings" fill={fill}>
      <TabBar label="Settings">
        {tabs.map(({ to, first, label }) => (
          <TabLink key={to} to={to} exact={first}>
            {label}
          </TabLink>
        ))}
      </TabBar>
      <div className={cn("pt-4", fill && "flex min-h-0 flex-1 flex-col")}>
        <Outlet />
      </div>
    </Page>
  );
}
