import { Link } from "@tanstack/react-router";
import { PanelLeftClose, PanelLeftOpen } from "lucide-react";
import { useMe } from "@/api/use-sign-in";
import { BrandMark } from "@/components/brand";
import { IconButton } from "@/components/button";
import { useFeatures } from "@/features/collected";
import { cn } from "@/lib/cn";
import { sectionsFor } from "./navigation";
import { PartnerSwitcher } from "./partner-switcher";
import { UserMenu } from "./user-menu";

export function Sidebar({ collapsed, onCollapse }: { collapsed: boolean; onCollapse: (collapsed: boolean) => void }) {
  const me = useMe();
  const features = useFeatures();
  const Toggle = collapsed ? PanelLeftOpen : PanelLeftClose;
  return (
    <aside
      aria-label="Sections"
      className={cn("hidden shrink-0 flex-col border-r bg-raised/60 md:flex", collapsed ? "w-14" : "w-[232px]")}
    >
      <Link
        to="/"
        className={cn("flex h-14 items-center gap-2.5 px-4", collapsed && "justify-center px-0")}
        aria-label={collapsed ? "GuruRMM Mission Control" : undefined}
      >
        <BrandMark />
        {!collapsed && (
          <span className="leading-tight">
            <span className="block font-bold text-base tracking-[0.08em]">GURURMM</span>
            <span className="block font-medium text-muted text-xs tracking-[0.1em]">MISSION CONTROL</span>
          </span>
        )}
      </Link>
      <PartnerSwitcher collapsed={collapsed} />
      <nav aria-label="Main" className="flex-1 space-y-0.5 overflow-y-auto px-2 py-2">
        {sectionsFor(features, me).map(({ to, label, icon: Icon }) => (
          <Link
            key={to}
            to={to}
            activeOptions={{ exact: to === "/", includeSearch: false }}
            title={collapsed ? label : undefined}
            aria-label={collapsed ? label : undefined}
            className={cn(
              "flex h-8 items-center gap-2.5 rounded-md px-2.5 text-muted text-sm transition-colors duration-100 hover:bg-overlay hover:text-ink",
              collapsed && "justify-center px-0",
            )}
            activeProps={{ className: "!bg-overlay !text-ink font-medium", "aria-current": "page" }}
          >
            <Icon aria-hidden="true" className="size-4 shrink-0" strokeWidth={1.75} />
            {!collapsed && <span className="truncate">{label}</span>}
          </Link>
        ))}
        {features.map(({ name, sidebar: Part }) => Part && <Part key={name} collapsed={collapsed} />)}
      </nav>
      <div className={cn("flex items-center gap-1 border-t p-2", collapsed && "flex-col-reverse")}>
        <UserMenu collapsed={collapsed} />
        <IconButton
          label={collapsed ? "Widen the sidebar" : "Narrow the sidebar"}
          onClick={() => onCollapse(!collapsed)}
        >
          <Toggle aria-hidden="true" className="size-4" strokeWidth={1.75} />
        </IconButton>
      </div>
    </aside>
  );
}
