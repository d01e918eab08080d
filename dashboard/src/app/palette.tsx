import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Command } from "cmdk";
import { CircleHelp, LogOut, Monitor, SquareTerminal, SunMoon } from "lucide-react";
import { Children, type ReactNode, useState } from "react";
import { api } from "@/api/http";
import { forget } from "@/api/sign-in";
import { useMe } from "@/api/use-sign-in";
import { MachineText } from "@/components/machine-text";
import { notifyError } from "@/components/notify";
import { StateDot } from "@/components/state-dot";
import { setTheme, useTheme } from "@/lib/theme";
import { useDebounced } from "@/lib/use-debounced";
import { visibleLine } from "@/lib/visible-text";
import { sectionsFor, settingsTabsFor } from "./navigation";

const FOUND = 8;

/** ⌘K: go to a section, find a machine by anything the server searches, act. */
export function Palette({ live, onClose, onHelp }: { live: boolean; onClose: () => void; onHelp: () => void }) {
  const me = useMe();
  const theme = useTheme();
  const navigate = useNavigate();
  const [text, setText] = useState("");
  const search = useDebounced(text.trim(), 120);
  const machines = useQuery({
    queryKey: ["agents", "palette", search],
    queryFn: async ({ signal }) => {
      const [named, known] = await Promise.all([
        api.get("/agents", { query: { hostname: search, limit: FOUND }, signal }),
        api.get("/agents", { query: { search, limit: FOUND }, signal }),
      ]);
      // Whoever types a whole name and presses enter means that machine, not one that is known by it some other way.
      const others = known.items.filter((agent) => !named.items.some(({ id }) => id === agent.id));
      return { ...known, items: [...named.items, ...others].slice(0, FOUND) };
    },
    enabled: live && search !== "",
    placeholderData: (previous) => previous,
  });
  const run = (act: () => unknown) => () => {
    onClose();
    void act();
  };
  const matches = (label: string) => label.toLowerCase().includes(text.trim().toLowerCase());
  const acts: { label: string; icon: ReactNode; act: () => unknown }[] = [
    {
      label: theme === "dark" ? "Use the light theme" : "Use the dark theme",
      icon: <SunMoon aria-hidden="true" className="size-4" />,
      act: () => setTheme(theme === "dark" ? "light" : "dark"),
    },
    { label: "Keyboard shortcuts", icon: <CircleHelp aria-hidden="true" className="size-4" />, act: onHelp },
    {
      label: "Sign out",
      icon: <LogOut aria-hidden="true" className="size-4" />,
      act: () =>
        api.post("/auth/sign-out").then(
          () => forget(true),
          (error) => notifyError("You are still signed in.", error),
        ),
    },
  ];
  const found = search === "" ? [] : (machines.data?.items ?? []);
  return (
    <Command.Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      label="Search and go to"
      shouldFilter={false}
      loop
      overlayClassName="fixed inset-0 z-40 bg-canvas/70 animate-appear"
      contentClassName="fixed z-50 top-[10vh] left-1/2 w-[min(600px,calc(100vw-24px))] -translate-x-1/2 overflow-hidden rounded-lg border bg-raised animate-appear"
    >
      <Command.Input
        value={text}
        onValueChange={setText}
        placeholder={live ? "Search machines, go to a page, act…" : "Go to a page, act…"}
        className="h-12 w-full border-b bg-transparent px-4 text-base outline-none placeholder:text-muted"
      />
      <Command.List className="max-h-[60vh] overflow-y-auto p-2">
        <Command.Empty className="px-3 py-8 text-center text-muted text-sm">
          {machines.isFetching ? "Searching…" : "Nothing here has that name."}
        </Command.Empty>
        {found.length > 0 && (
          <Group heading={`Machines (${machines.data?.total ?? 0})`}>
            {found.map((agent) => (
              <Item
                key={agent.id}
                value={agent.id}
                onSelect={run(() => navigate({ to: "/agents/$agentId", params: { agentId: agent.id } }))}
              >
                <StateDot status={agent.status} />
                <MachineText className="min-w-0 flex-1 truncate">{agent.hostname}</MachineText>
                <span className="max-w-[45%] truncate text-muted text-xs">
                  {agent.client_name} › {agent.site_name}
                </span>
              </Item>
            ))}
            {me.permissions.includes("tunnel.open") && found[0] && found[0].status === "online" && (
              <Item
                value="open-terminal"
                onSelect={run(() =>
                  navigate({ to: "/agents/$agentId/terminal", params: { agentId: found[0]?.id ?? "" } }),
                )}
              >
                <SquareTerminal aria-hidden="true" className="size-4" />
                <span className="truncate">Open a terminal on {visibleLine(found[0].hostname)}</span>
              </Item>
            )}
            <Item value="show-all" onSelect={run(() => navigate({ to: "/fleet", search: { search } }))}>
              <Monitor aria-hidden="true" className="size-4" />
              <span className="truncate">Show all machines that match “{search}”</span>
            </Item>
          </Group>
        )}
        <Group heading="Go to">
          {[...sectionsFor(me), ...settingsTabsFor(me)]
            .filter((place) => matches(place.label))
            .map(({ to, label, icon: Icon }) => (
              <Item key={to} value={to} onSelect={run(() => navigate({ to }))}>
                <Icon aria-hidden="true" className="size-4" />
                {label}
              </Item>
            ))}
        </Group>
        <Group heading="Act">
          {acts
            .filter(({ label }) => matches(label))
            .map(({ label, icon, act }) => (
              <Item key={label} value={label} onSelect={run(act)}>
                {icon}
                {label}
              </Item>
            ))}
        </Group>
      </Command.List>
    </Command.Dialog>
  );
}

function Group({ heading, children }: { heading: string; children: ReactNode }) {
  if (Children.count(children) === 0) return null;
  return (
    <Command.Group
      heading={heading}
      className="[&_[cmdk-group-heading]]:px-2.5 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-muted [&_[cmdk-group-heading]]:text-xs"
    >
      {children}
    </Command.Group>
  );
}

function Item({ value, onSelect, children }: { value: string; onSelect: () => void; children: ReactNode }) {
  return (
    <Command.Item
      value={value}
      onSelect={onSelect}
      className="flex h-9 cursor-pointer select-none items-center gap-2.5 rounded-md px-2.5 text-sm data-[selected=true]:bg-overlay"
    >
      {children}
    </Command.Item>
  );
}
