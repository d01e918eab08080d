import {
  Activity,
  Building2,
  LayoutDashboard,
  type LucideIcon,
  Monitor,
  ScrollText,
  Settings,
  SquareChevronRight,
  SquareTerminal,
  Users,
} from "lucide-react";
import type { Me } from "@/api/contract";
import { labelOf } from "@/api/use-sign-in";

export interface Section {
  to: "/" | "/fleet" | "/commands" | "/sessions" | "/clients" | "/activity" | "/settings" | "/platform";
  label: string;
  /** What it is called where there is little room. */
  short?: string;
  icon: LucideIcon;
  /** Whether the section stands in the bottom bar of a phone. */
  essential?: boolean;
}

export interface Place {
  to: "/settings/users" | "/settings/partner" | "/settings/audit";
  label: string;
  icon: LucideIcon;
}

/** The pages under Settings that this person may see, as the palette names them. */
export function settingsTabsFor(me: Me): Place[] {
  const can = (permission: string) => me.tenant_id !== null && me.permissions.includes(permission);
  const places: Place[] = [];
  if (can("users.read")) places.push({ to: "/settings/users", label: "Settings › Users", icon: Users });
  if (can("settings.write"))
    places.push({ to: "/settings/partner", label: `Settings › ${labelOf(me, "partner")}`, icon: Settings });
  if (can("audit.read")) places.push({ to: "/settings/audit", label: "Settings › Audit", icon: ScrollText });
  return places;
}

const NEEDS: [RegExp, string][] = [
  [/^\/commands\b|\/commands$/, "commands.read"],
  [/^\/sessions\b|\/sessions$/, "tunnel.read"],
  [/\/terminal$/, "tunnel.open"],
  [/^\/settings\/users\b/, "users.read"],
  [/^\/settings\/partner\b/, "settings.write"],
  [/^\/settings\/audit\b/, "audit.read"],
];

/** Whether this person's role has the page at an address. The server decides; this is for saying so plainly. */
export function isForThisRole(me: Me, pathname: string): boolean {
  if (/^\/platform\b/.test(pathname)) return me.role === "platform_admin";
  return NEEDS.every(([path, permission]) => !path.test(pathname) || me.permissions.includes(permission));
}

/** The sections this person may see, in their order. */
export function sectionsFor(me: Me): Section[] {
  const can = (permission: string) => me.permissions.includes(permission);
  const platform: Section = { to: "/platform", label: labelOf(me, "partner", 2), icon: Building2, essential: true };
  const settings: Section = { to: "/settings", label: "Settings", icon: Settings, essential: true };
  if (me.tenant_id === null) return [platform, settings];
  const sections: Section[] = [
    { to: "/", label: "Mission Control", short: "Control", icon: LayoutDashboard, essential: true },
    { to: "/fleet", label: "Fleet", icon: Monitor, essential: true },
  ];
  if (can("commands.read"))
    sections.push({ to: "/commands", label: "Commands", icon: SquareChevronRight, essential: true });
  if (can("tunnel.read")) sections.push({ to: "/sessions", label: "Sessions", icon: SquareTerminal });
  if (can("sites.read")) {
    sections.push({
      to: "/clients",
      label: `${labelOf(me, "client", 2)} & ${labelOf(me, "site", 2)}`,
      short: labelOf(me, "site", 2),
      icon: Building2,
      essential: true,
    });
  }
  sections.push({ to: "/activity", label: "Activity", icon: Activity });
  sections.push(settings);
  return sections;
}
