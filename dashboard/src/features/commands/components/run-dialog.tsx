import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Play } from "lucide-react";
import { type FormEvent, useState } from "react";
import type { NewCommand } from "@/api/contract";
import { ApiError } from "@/api/errors";
import { Button } from "@/components/button";
import { Dialog, DialogActs } from "@/components/dialog";
import { SelectField, TextArea, TextField } from "@/components/field";
import { ErrorNote } from "@/components/states";
import type { MachineTarget } from "@/features/define-feature";
import { count, counted, duration } from "@/lib/format";
import { visibleLine } from "@/lib/visible-text";
import { refreshCommands, runCommand } from "../api/queries";

type Shell = NewCommand["shell"];

const CONFIRM_OVER = 10;
const HOUR = 3600;

/** Writes a script and runs it on one machine or many; over ten the number is typed first. */
export function RunDialog({
  target,
  script: given,
  onClose,
}: {
  target: MachineTarget;
  script?: string;
  onClose: () => void;
}) {
  const navigate = useNavigate();
  const cache = useQueryClient();
  const [shell, setShell] = useState<Shell>("sh");
  const [script, setScript] = useState(given ?? "");
  const [timeout, setTimeoutSeconds] = useState(String(HOUR));
  const [deadline, setDeadline] = useState(String(24 * HOUR));
  const [typed, setTyped] = useState("");
  const number = target.kind === "filter" ? target.total : target.agents.length;
  const run = useMutation({
    mutationFn: () =>
      runCommand({
        ...(target.kind === "filter"
          ? { filter: { ...target.filter, search: target.filter.search ?? "" } }
          : { agent_ids: target.agents.map((agent) => agent.id) }),
        shell,
        script,
        timeout_s: Number(timeout),
        deadline_s: Number(deadline),
      }),
    onSuccess: async ({ items }) => {
      onClose();
      void refreshCommands(cache);
      const [first] = items;
      if (!first) return;
      if (items.length === 1 || !first.batch_id)
        await navigate({ to: "/commands/$commandId", params: { commandId: first.id } });
      else await navigate({ to: "/commands/batch/$batchId", params: { batchId: first.batch_id } });
    },
  });
  const fields = run.error instanceof ApiError ? run.error.fields : {};
  const counts = number <= CONFIRM_OVER || typed.replaceAll(/[\s,.]/g, "") === String(number);
  const ready = script.trim() !== "" && counts && number > 0;
  return (
    <Dialog
      open
      onClose={onClose}
      title="Run a command"
      description={<>On {targetWords(target)}</>}
      className="md:w-[640px]"
    >
      <form
        className="space-y-4"
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          if (ready) run.mutate();
        }}
      >
        <ErrorNote error={run.error} />
        <TextArea
          label="Script"
          rows={8}
          value={script}
          onChange={(event) => setScript(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && (event.metaKey || event.ctrlKey) && ready && !run.isPending) run.mutate();
          }}
          error={fields.script}
          spellCheck={false}
          autoCapitalize="off"
          autoFocus
          required
          placeholder={shell === "python3" ? "print('hello')" : "uptime"}
          className="min-h-32 resize-y font-mono"
        />
        <div className="grid gap-3 sm:grid-cols-3">
          <SelectField label="Shell" value={shell} onChange={(event) => setShell(event.target.value as Shell)}>
            <option value="sh">sh</option>
            <option value="bash">bash</option>
            <option value="python3">python3</option>
          </SelectField>
          <TextField
            label="Time limit (s)"
            type="number"
            min={1}
            max={86_400}
            required
            value={timeout}
            onChange={(event) => setTimeoutSeconds(event.target.value)}
            error={fields.timeout_s}
            hint={`After ${duration(Number(timeout))} the script is ended, with all it started.`}
          />
          <SelectField
            label="If a machine is offline"
            value={deadline}
            onChange={(event) => setDeadline(event.target.value)}
            error={fields.deadline_s}
          >
            <option value={HOUR}>Wait 1 hour for it</option>
            <option value={24 * HOUR}>Wait 1 day for it</option>
            <option value={7 * 24 * HOUR}>Wait 7 days for it</option>
          </SelectField>
        </div>
        {number > CONFIRM_OVER && (
          <TextField
            label={`This runs on ${counted(number, "machine")}. Type ${count(number)} to confirm`}
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
      </form>
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
