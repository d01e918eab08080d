import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Ellipsis } from "lucide-react";
import { useState } from "react";
import type { AgentDetail } from "@/api/contract";
import { keys } from "@/api/keys";
import { useAct } from "@/api/use-act";
import { labelOf, useMe } from "@/api/use-sign-in";
import { Badge } from "@/components/badge";
import { Button, IconButton } from "@/components/button";
import { useConfirm } from "@/components/confirm";
import { useOpenDialog } from "@/components/dialog-host";
import { MachineText } from "@/components/machine-text";
import { Menu } from "@/components/menu";
import { notifyDone, notifyError } from "@/components/notify";
import { StateWord } from "@/components/state-dot";
import { Time } from "@/components/time";
import { useMachineActs } from "@/features/collected";
import { duration, words } from "@/lib/format";
import { visibleLine } from "@/lib/visible-text";
import { deleteAgent } from "../api/queries";
import { MoveDialog } from "./move-dialog";

export function MachineHeading({ agent }: { agent: AgentDetail }) {
  const facts = [
    agent.os_name ? visibleLine(agent.os_name) : words(agent.os_family),
    agent.status === "online" && agent.user ? `${visibleLine(agent.user)} is signed in` : null,
    agent.status === "online" && agent.uptime_s !== null ? `up for ${duration(agent.uptime_s)}` : null,
  ].filter((fact) => fact !== null);
  return (
    <div className="min-w-0 space-y-1">
      <div className="flex min-w-0 flex-wrap items-center gap-x-3 gap-y-1">
        <h1 className="min-w-0 max-w-full truncate text-xl">
          <MachineText className="font-semibold tracking-tight">{agent.hostname}</MachineText>
        </h1>
        <StateWord status={agent.status} />
        {agent.problems.map((problem) => (
          <Badge key={problem} tone="warn">
            {words(problem)}
          </Badge>
        ))}
      </div>
      {agent.problems.length > 0 && (
        <ul aria-label="Problems" className="text-sm text-warn">
          {agent.problems.map((problem) => (
            <li key={problem}>{visibleLine(agent.problem_texts[problem] ?? words(problem))}</li>
          ))}
        </ul>
      )}
      <p className="text-muted text-sm">
        {facts.join(" · ")}
        {agent.status === "offline" && (
          <>
            {facts.length > 0 && " · "}last seen <Time at={agent.last_seen} className="text-ink" />
          </>
        )}
      </p>
    </div>
  );
}

export function MachineActs({ agent }: { agent: AgentDetail }) {
  const me = useMe();
  const { ways, acts } = useMachineActs();
  const open = useOpenDialog();
  const navigate = useNavigate();
  const [moving, setMoving] = useState(false);
  const remove = useRemove(agent);
  const can = (permission: string) => me.permissions.includes(permission);
  const more = [
    ...(can("agents.write")
      ? [{ label: `Move to another ${labelOf(me, "site")}`, onSelect: () => setMoving(true) }]
      : []),
    ...(can("agents.delete")
      ? [
          { label: "Delete", danger: true, onSelect: () => void remove(false) },
          { label: "Delete and uninstall", danger: true, onSelect: () => void remove(true) },
        ]
      : []),
  ];
  return (
    <>
      {ways.map(({ to, label, name, icon: Icon }) => (
        <Button
          key={to}
          onClick={() => navigate({ to, params: { agentId: agent.id } })}
          disabled={agent.status === "offline"}
          aria-label={name}
        >
          <Icon aria-hidden="true" className="size-4" strokeWidth={1.75} /> {label}
        </Button>
      ))}
      {acts.map(({ label, icon: Icon, start }) => (
        <Button key={label} onClick={() => start({ kind: "agents", agents: [agent] }, open)}>
          <Icon aria-hidden="true" className="size-3.5" /> {label}
        </Button>
      ))}
      {more.length > 0 && (
        <Menu
          items={more}
          trigger={
            <IconButton label="More" variant="plain">
              <Ellipsis aria-hidden="true" className="size-4" />
            </IconButton>
          }
        />
      )}
      {moving && <MoveDialog agent={agent} onClose={() => setMoving(false)} />}
    </>
  );
}

function useRemove(agent: AgentDetail): (uninstall: boolean) => Promise<void> {
  const confirm = useConfirm();
  const cache = useQueryClient();
  const navigate = useNavigate();
  const name = visibleLine(agent.hostname);
  const remove = useAct({
    mutationFn: (uninstall: boolean) => deleteAgent(agent.id, uninstall),
    onSuccess: async (_, uninstall) => {
      notifyDone(`${name} was deleted.${uninstall ? " Its agent uninstalls itself when it hears of it." : ""}`);
      await navigate({ to: "/fleet" });
      for (const queryKey of [keys.agentLists, keys.tree, keys.overview]) void cache.invalidateQueries({ queryKey });
    },
    onError: (error) => notifyError(`${name} was not deleted.`, error),
  });
  return async (uninstall) => {
    const sure = await confirm({
      title: uninstall ? "Delete this machine and uninstall its agent?" : "Delete this machine?",
      consequence: (
        <>
          Deletes 1 machine, <MachineText className="text-ink">{agent.hostname}</MachineText>, with its readings,
          inventory and commands. Its key is revoked: the agent on it can't come back without a new enrolment. The audit
          is kept.{" "}
          {!uninstall
            ? "The agent itself stays on the machine."
            : agent.status === "online"
              ? "The agent uninstalls itself at once."
              : "The agent uninstalls itself when the machine is back, however late that is."}
        </>
      ),
      act: uninstall ? "Delete and uninstall" : "Delete",
    });
    if (sure) remove.mutate(uninstall);
  };
}
