import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Play } from "lucide-react";
import { useMemo, useState } from "react";
import type { NewCommand } from "@/api/contract";
import { useAct } from "@/api/use-act";
import { useDraft } from "@/api/use-draft";
import { Button } from "@/components/button";
import { Dialog, DialogActs } from "@/components/dialog";
import { DraftNote } from "@/components/draft-note";
import { SelectField, TextArea, TextField } from "@/components/field";
import { Form } from "@/components/form";
import type { MachineTarget } from "@/features/define-feature";
import { count, counted, duration } from "@/lib/format";
import { visibleLine } from "@/lib/visible-text";
import { previewQuery, refreshCommands, runCommand, targetBody } from "../api/queries";
import { DEFAULT_LIMIT_S, shellsFor } from "../api/shells";
import { Consequence } from "./consequence";
import { RecentScripts } from "./recent-scripts";

const CONFIRM_OVER = 10;
const HOUR = 3600;
const MOST_SCRIPT_BYTES = 128 * 1024;

/** Writes a script and runs it on one machine or many; over ten the number is typed first. */
export function RunDialog({
  target,
  script: given,
  shell: givenShell,
  onClose,
}: {
  target: MachineTarget;
  script?: string;
  shell?: string;
  onClose: () => void;
}) {
  const navigate = useNavigate();
  const cache = useQueryClient();
  const draft = useDraft(given === undefined ? "run" : `run ${given.slice(0, 200)}`, {
    shell: givenShell ?? "",
    script: given ?? "",
    timeout: String(DEFAULT_LIMIT_S),
    deadline: String(24 * HOUR),
  });
  const { script, timeout, deadline } = draft.values;
  const [typed, setTyped] = useState("");
  const preview = useQuery(previewQuery(target));
  const groups = useMemo(() => shellsFor(preview.data?.by_os), [preview.data?.by_os]);
  const offered = groups.flatMap(({ shells }) => shells);
  const shell = offered.find((each) => each === draft.values.shell) ?? offered[0] ?? "sh";
  const number = target.kind === "filter" ? (preview.data?.machines ?? target.total) : target.agents.length;
  const run = useAct({
    mutationFn: () =>
      runCommand({
        ...targetBody(target),
        shell: shell as NewCommand["shell"],
        script,
        timeout_s: Number(timeout),
        deadline_s: Number(deadline),
      }),
    onSuccess: async ({ items }) => {
      draft.drop();
      onClose();
      void refreshCommands(cache);
      const [first] = items;
      if (!first) return;
      if (items.length === 1 || !first.batch_id)
        await navigate({ to: "/commands/$commandId", params: { commandId: first.id } });
      else await navigate({ to: "/commands/batch/$batchId", params: { batchId: first.batch_id } });
    },
  });
  const counts = number <= CONFIRM_OVER || typed.replaceAll(/[\s,.]/g, "") === String(number);
  const ready = script.trim() !== "" && counts && number > 0 && !preview.isPending; // by then it is known which shells there are
  return (
    <Dialog
      open
      onClose={onClose}
      title="Run a command"
      description={<>On {targetWords(target)}</>}
      className="md:w-[640px]"
    >
      <Form error={run.error} onSubmit={() => ready && run.mutate()}>
        <DraftNote restored={draft.restored} onDrop={draft.drop} />
        <TextArea
          label="Script"
          name="script"
          rows={8}
          value={script}
          onChange={(event) => draft.change({ script: event.target.value })}
          onKeyDown={(event) => {
            if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) event.currentTarget.form?.requestSubmit();
          }}
          spellCheck={false}
          autoCapitalize="off"
          autoFocus
          required
          data-missing="Write what is to run."
          data-max-bytes={MOST_SCRIPT_BYTES}
          placeholder={shell.startsWith("python") ? "print('hello')" : shell === "powershell" ? "Get-Date" : "uptime"}
          className="min-h-32 resize-y font-mono"
        />
        <RecentScripts shells={offered} onChoose={(recent) => draft.change(recent)} />
        <div className="grid gap-3 sm:grid-cols-3">
          <SelectField
            label="Shell"
            name="shell"
            value={shell}
            onChange={(event) => draft.change({ shell: event.target.value })}
          >
            {groups.map(({ system, shells }) => (
              <optgroup key={system} label={system}>
                {shells.map((each) => (
                  <option key={each}>{each}</option>
                ))}
              </optgroup>
            ))}
          </SelectField>
          <TextField
            label="Time limit (s)"
            name="timeout_s"
            type="number"
            min={1}
            max={86_400}
            required
            data-missing="Say how long it may take: 1 to 86,400 seconds."
            value={timeout}
            onChange={(event) => draft.change({ timeout: event.target.value })}
            hint={`After ${duration(Number(timeout))} the script is ended, with all it started.`}
          />
          <SelectField
            label="If a machine is offline"
            name="deadline_s"
            value={deadline}
            onChange={(event) => draft.change({ deadline: event.target.value })}
          >
            <option value={HOUR}>Wait 1 hour for it</option>
            <option value={24 * HOUR}>Wait 1 day for it</option>
            <option value={7 * 24 * HOUR}>Wait 7 days for it</option>
          </SelectField>
        </div>
        <Consequence preview={preview} shell={shell} timeoutS={Number(timeout)} deadlineS={Number(deadline)} />
        {number > CONFIRM_OVER && (
          <TextField
            label={`Type ${count(number)} to confirm`}
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
            inputMode="numeric"
            autoComplete="off"
            className="font-mono"
          />
        )}
        <DialogActs>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" disabled={!ready} busy={run.isPending}>
            <Play aria-hidden="true" className="size-3.5" /> Run
          </Button>
        </DialogActs>
      </Form>
    </Dialog>
  );
}

function targetWords(target: MachineTarget) {
  if (target.kind === "filter") return `all ${counted(target.total, "machine")} that match`;
  const [only] = target.agents;
  if (target.agents.length === 1 && only)
    return <span className="break-all font-mono text-ink">{visibleLine(only.hostname)}</span>;
  const names = target.agents.slice(0, 3).map((agent) => visibleLine(agent.hostname).slice(0, 40));
  const rest = target.agents.length - names.length;
  return `${counted(target.agents.length, "machine")}: ${names.join(", ")}${rest > 0 ? ` and ${count(rest)} more` : ""}`;
}
