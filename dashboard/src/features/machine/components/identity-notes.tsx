import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { AgentDetail } from "@/api/contract";
import { keys } from "@/api/keys";
import { useAct } from "@/api/use-act";
import { useCan } from "@/api/use-sign-in";
import { Button } from "@/components/button";
import { Card } from "@/components/card";
import { useConfirm } from "@/components/confirm";
import { MachineText } from "@/components/machine-text";
import { notifyDone, notifyError } from "@/components/notify";
import { Time } from "@/components/time";
import { visibleLine } from "@/lib/visible-text";
import { decideDoubles, decideFormer } from "../api/queries";

/** What somebody has to decide about who this machine is; nothing on most. */
export function IdentityNotes({ agent }: { agent: AgentDetail }) {
  return (
    <>
      {agent.doubles.length > 0 && <DoublesNote agent={agent} />}
      {agent.former.map((former) => (
        <FormerNote key={former.id} agent={agent} former={former} />
      ))}
    </>
  );
}

function Note({ children, acts }: { children: ReactNode; acts: ReactNode }) {
  return (
    <Card role="note" className="mt-4 flex flex-wrap items-center gap-x-4 gap-y-2 border-warn/50 px-4 py-3 text-sm">
      <div className="min-w-0 flex-1 basis-72 space-y-1">{children}</div>
      <div className="flex flex-wrap gap-2">{acts}</div>
    </Card>
  );
}

function FormerNote({ agent, former }: { agent: AgentDetail; former: AgentDetail["former"][number] }) {
  const confirm = useConfirm();
  const navigate = useNavigate();
  const refresh = useRefresh();
  const may = useCan("agents.delete");
  const name = visibleLine(former.hostname);
  const decide = useAct({
    mutationFn: (goOnAs: string | null) => decideFormer(agent.id, goOnAs),
    onSuccess: async (machine) => {
      notifyDone(machine.id === agent.id ? "Both machines stay." : `This machine goes on as ${name}.`);
      if (machine.id !== agent.id) await navigate({ to: "/agents/$agentId", params: { agentId: machine.id } });
      refresh(machine.id);
    },
    onError: (error) => notifyError("That could not be decided.", error),
  });
  const goOn = async () => {
    const sure = await confirm({
      title: `Go on as ${name}?`,
      consequence: `Deletes 1 machine, this new record with its readings, inventory and commands. ${name} has its history, and what waits for it, and is this machine from now on.`,
      act: `Go on as ${name}`,
    });
    if (sure) decide.mutate(former.id);
  };
  return (
    <Note
      acts={
        may && (
          <>
            <Button onClick={() => void goOn()}>Go on as {name}</Button>
            <Button onClick={() => decide.mutate(null)}>Keep both</Button>
          </>
        )
      }
    >
      <p>
        This machine was <MachineText className="font-medium">{former.hostname}</MachineText> before: it has the same
        machine-id.
      </p>
      <p className="text-muted text-xs">
        {visibleLine(former.client_name)} › {visibleLine(former.site_name)}, last seen <Time at={former.last_seen} />
      </p>
    </Note>
  );
}

function DoublesNote({ agent }: { agent: AgentDetail }) {
  const refresh = useRefresh();
  const may = useCan("agents.write");
  const decide = useAct({
    mutationFn: (ownKey: string | null) => decideDoubles(agent.id, ownKey),
    onSuccess: (_, ownKey) => {
      if (ownKey === null) notifyDone("The next one with this key is let in.");
      refresh(agent.id);
    },
    onError: (error) => notifyError("That could not be decided.", error),
  });
  return (
    <Note acts={may && <Button onClick={() => decide.mutate(null)}>Only one is left</Button>}>
      <p>Several machines prove the key of this one, as after a disk was copied. Nothing runs on any of them.</p>
      <ul className="space-y-1">
        {agent.doubles.map((double) => (
          <li key={double.instance} className="flex flex-wrap items-center gap-2">
            <MachineText className="font-medium">{double.hostname}</MachineText>
            <span className="text-muted text-xs">
              {double.address}, seen <Time at={double.last_seen} />
            </span>
            {double.ordered ? (
              <span className="text-muted text-xs">makes a key of its own when it is there next</span>
            ) : (
              may && (
                <Button onClick={() => decide.mutate(double.instance)}>
                  {visibleLine(double.hostname)} is a copy: give it its own key
                </Button>
              )
            )}
          </li>
        ))}
      </ul>
    </Note>
  );
}

function useRefresh(): (agentId: string) => void {
  const cache = useQueryClient();
  return (agentId) => {
    for (const queryKey of [keys.agent(agentId), keys.agentLists, keys.tree, keys.overview])
      void cache.invalidateQueries({ queryKey });
  };
}
