import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { AgentDetail } from "@/api/contract";
import { keys } from "@/api/keys";
import { treeQuery } from "@/api/queries";
import { useAct } from "@/api/use-act";
import { useLabel } from "@/api/use-sign-in";
import { Button } from "@/components/button";
import { Dialog, DialogActs } from "@/components/dialog";
import { SelectField } from "@/components/field";
import { Form } from "@/components/form";
import { notifyDone } from "@/components/notify";
import { SkeletonLines } from "@/components/states";
import { visibleLine } from "@/lib/visible-text";
import { moveAgent } from "../api/queries";

export function MoveDialog({ agent, onClose }: { agent: AgentDetail; onClose: () => void }) {
  const label = useLabel();
  const cache = useQueryClient();
  const tree = useQuery(treeQuery);
  const [site, setSite] = useState(agent.site_id);
  const move = useAct({
    mutationFn: () => moveAgent(agent.id, site),
    onSuccess: async () => {
      await Promise.all(
        [keys.agent(agent.id), keys.agentLists, keys.tree, keys.overview].map((queryKey) =>
          cache.invalidateQueries({ queryKey }),
        ),
      );
      notifyDone(`${visibleLine(agent.hostname)} was moved.`);
      onClose();
    },
  });
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Move to another ${label("site")}`}
      description="Its history, commands and sessions go with it."
    >
      <Form error={move.error ?? tree.error} onSubmit={() => move.mutate()}>
        {tree.isPending ? (
          <SkeletonLines lines={2} />
        ) : (
          <SelectField
            label={label("site")}
            name="site_id"
            value={site}
            onChange={(event) => setSite(event.target.value)}
          >
            {tree.data?.clients.map((client) => (
              <optgroup key={client.id} label={client.name}>
                {client.sites.map((each) => (
                  <option key={each.id} value={each.id}>
                    {client.name} › {each.name}
                  </option>
                ))}
              </optgroup>
            ))}
          </SelectField>
        )}
        <DialogActs>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" busy={move.isPending} disabled={site === agent.site_id}>
            Move
          </Button>
        </DialogActs>
      </Form>
    </Dialog>
  );
}
