import { useNavigate } from "@tanstack/react-router";
import { roleOf, useMe } from "@/api/use-sign-in";
import { Menu } from "@/components/menu";
import { cn } from "@/lib/cn";
import { chooseTheme, useTheme, useThemeChoice } from "@/lib/theme";
import { signOut } from "./sign-out";

export function UserMenu({ collapsed }: { collapsed: boolean }) {
  const me = useMe();
  const theme = useTheme();
  const choice = useThemeChoice();
  const navigate = useNavigate();
  const name = me.name || me.email;
  return (
    <Menu
      align="start"
      items={[
        {
          label: theme === "dark" ? "Light theme" : "Dark theme",
          onSelect: () => chooseTheme(theme === "dark" ? "light" : "dark"),
        },
        ...(choice === "system" ? [] : [{ label: "Theme of the system", onSelect: () => chooseTheme("system") }]),
        { label: "Account and sign-ins", onSelect: () => void navigate({ to: "/settings" }) },
        { label: "Sign out", onSelect: () => void signOut() },
      ]}
      trigger={
        <button
          type="button"
          aria-label={collapsed ? `Account: ${name}` : undefined}
          title="Account"
          className={cn(
            "flex min-w-0 items-center gap-2 rounded-md p-1 text-left hover:bg-overlay",
            !collapsed && "flex-1",
          )}
        >
          <span
            aria-hidden="true"
            className="grid size-7 shrink-0 place-items-center rounded-full bg-overlay font-semibold text-accent text-xs"
          >
            {name.slice(0, 1).toUpperCase()}
          </span>
          {!collapsed && (
            <span className="min-w-0">
              <span className="block truncate text-sm">{name}</span>
              <span className="block truncate text-muted text-xs">{roleOf(me, me.role)}</span>
            </span>
          )}
        </button>
      }
    />
  );
}
