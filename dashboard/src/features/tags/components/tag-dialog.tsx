import { useQuery, useQueryClient } from "@tanstack/react-query";
import { X } from "lucide-react";
import { type ReactNode, useState } from "react";
import { keys } from "@/api/keys";
import { useAct } from "@/api/use-act";
import { useLabel } from "@/api/use-sign-in";
import { Button } from "@/components/button";
import { Dialog, DialogActs } from "@/components/dialog";
import { TextField } from "@/components/field";
import { Form } from "@/components/form";
import { notifyDone } from "@/components/notify";
import type { MachineTarget } from "@/features/define-feature";
import { counted } from "@/lib/format";
import { visibleLine } from "@/lib/visible-text";
import { agentTagsQuery, changeTags, tagsQuery } from "../api/queries";

/** One machine's tags, or what many machines get and lose. */
export function TagDialog({ target, onClose }: { target: MachineTarget; onClose: () => void }) {
  const [only, another] = target.kind === "agents" ? target.agents : [];
  const many = target.kind === "filter" ? target.total : target.agents.length;
  return (
    <Dialog
      open
      onClose={onClose}
      title={only && !another ? `Tags of ${visibleLine(only.hostname)}` : `Tags of ${counted(many, "machine")}`}
      description="Machines are found by them: tag:vip. They change nothing on a machine."
      className="md:w-[460px]"
    >
      {only && !another && <OwnTags agentId={only.id} />}
      <TagForm target={target} one={only !== undefined && another === undefined} onClose={onClose} />
    </Dialog>
  );
}

function useChange(done: () => void) {
  const cache = useQueryClient();
  return useAct({
    mutationFn: changeTags,
    onSuccess: async () => {
      await cache.invalidateQueries({ queryKey: ["tags"] });
      void cache.invalidateQueries({ queryKey: keys.agentLists });
      done();
    },
  });
}

/** The tags of one machine, each with its end. */
function OwnTags({ agentId }: { agentId: string }) {
  const label = useLabel();
  const tags = useQuery(agentTagsQuery(agentId)).data?.items ?? [];
  const change = useChange(() => {});
  if (tags.length === 0) return null;
  return (
    <ul className="flex flex-wrap gap-1.5 pb-3" aria-label="Tags">
      {tags.map(({ tag, of }) => (
        <li key={`${of} ${tag}`}>
          <Chip>
            {tag}
            {of === "agent" ? (
              <button
                type="button"
                aria-label={`Take off ${tag}`}
                onClick={() => change.mutate({ agent_ids: [agentId], remove: [tag] })}
                className="text-muted hover:text-ink"
              >
                <X aria-hidden="true" className="size-3" />
              </button>
            ) : (
              <span className="text-muted">{`of its ${label(of)}`}</span>
            )}
          </Chip>
        </li>
      ))}
    </ul>
  );
}

function Chip({ children }: { children: ReactNode }) {
  return <span className="inline-flex h-6 items-center gap-1.5 rounded-full border px-2.5 text-xs">{children}</span>;
}

function TagForm({ target, one, onClose }: { target: MachineTarget; one: boolean; onClose: () => void }) {
  const known = useQuery(tagsQuery).data?.items ?? [];
  const [text, setText] = useState("");
  const change = useChange(() => {
    setText("");
    if (one) return;
    notifyDone("The tags are changed.");
    onClose();
  });
  const send = (what: "add" | "remove") => {
    const tags = text.split(/[\s,]+/).filter(Boolean);
    const chosen =
      target.kind === "filter"
        ? { filter: { ...target.filter, q: target.filter.q ?? "", search: "" } }
        : { agent_ids: target.agents.map(({ id }) => id) };
    change.mutate({ ...chosen, [what]: tags });
  };
  return (
    <Form error={change.error} onSubmit={() => send("add")}>
      <TextField
        label={one ? "Add tags" : "Tags"}
        list="known-tags"
        autoComplete="off"
        required
        pattern="[A-Za-z0-9][A-Za-z0-9_.\-]*([\s,]+[A-Za-z0-9][A-Za-z0-9_.\-]*)*[\s,]*"
        title="Letters, digits, _ . and -; spaces between tags"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <datalist id="known-tags">
        {known.map(({ tag }) => (
          <option key={tag} value={tag} />
        ))}
      </datalist>
      <DialogActs>
        <Button onClick={onClose}>{one ? "Close" : "Cancel"}</Button>
        {!one && (
          <Button disabled={text.trim() === ""} busy={change.isPending} onClick={() => send("remove")}>
            Take off
          </Button>
        )}
        <Button variant="primary" type="submit" busy={change.isPending}>
          Add
        </Button>
      </DialogActs>
    </Form>
  );
}
