import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Monitor } from "lucide-react";
import { useEffect, useRef } from "react";
import { useMe } from "@/api/use-sign-in";
import { MachineText } from "@/components/machine-text";
import { PaletteGroup, PaletteItem } from "@/components/palette-items";
import { StateDot } from "@/components/state-dot";
import { useMachineActs } from "@/features/collected";
import type { FinderProps } from "@/features/define-feature";
import { count } from "@/lib/format";
import { useDebounced } from "@/lib/use-debounced";
import { visibleLine } from "@/lib/visible-text";
import { foundQuery } from "../api/queries";

const PAUSE_MS = 80;

/** Machines by anything the server searches, and what can be done with the first of them. */
export function MachineFinder({ text, hurry, onGo, onFound }: FinderProps) {
  const navigate = useNavigate();
  const settled = useDebounced(text, PAUSE_MS);
  const search = hurry ? text : settled;
  const { ways } = useMachineActs();
  const contact = useMe().role === "client_contact";
  const machines = useQuery(foundQuery(search));
  const found = search === "" ? [] : (machines.data?.items ?? []);
  const there = machines.isError || (machines.isSuccess && !machines.isPlaceholderData);
  const told = useRef(onFound);
  useEffect(() => {
    told.current = onFound;
  });
  useEffect(() => {
    if (there && search === text) told.current(text);
  }, [there, search, text]);
  const [first] = found;
  if (!first) return null;
  return (
    <PaletteGroup heading={`${contact ? "Computers" : "Machines"} (${count(machines.data?.total ?? 0)})`}>
      {found.map((agent) => (
        <PaletteItem
          key={agent.id}
          value={agent.id}
          onSelect={() => onGo(() => navigate({ to: "/agents/$agentId", params: { agentId: agent.id } }))}
        >
          <StateDot status={agent.status} />
          <MachineText className="min-w-0 flex-1 truncate">{agent.hostname}</MachineText>
          <span className="max-w-[45%] truncate text-muted text-xs">
            {agent.client_name} › {agent.site_name}
          </span>
        </PaletteItem>
      ))}
      {first.status === "online" &&
        ways.map(({ to, name, icon: Icon }) => (
          <PaletteItem key={to} value={to} onSelect={() => onGo(() => navigate({ to, params: { agentId: first.id } }))}>
            <Icon aria-hidden="true" className="size-4" />
            <span className="truncate">
              {name} on {visibleLine(first.hostname)}
            </span>
          </PaletteItem>
        ))}
      <PaletteItem
        value="show-all"
        onSelect={() => onGo(() => navigate({ to: contact ? "/" : "/fleet", search: { search } }))}
      >
        <Monitor aria-hidden="true" className="size-4" />
        <span className="truncate">
          Show all {contact ? "computers" : "machines"} that match “{search}”
        </span>
      </PaletteItem>
    </PaletteGroup>
  );
}
