import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import type { PartnerSettings, SettingsChange } from "@/api/contract";
import { refresh } from "@/api/sign-in";
import { useAct } from "@/api/use-act";
import { useDraft } from "@/api/use-draft";
import { useLabel } from "@/api/use-sign-in";
import { Button } from "@/components/button";
import { Card, CardHeader } from "@/components/card";
import { DraftNote } from "@/components/draft-note";
import { SelectField, TextField } from "@/components/field";
import { Form } from "@/components/form";
import { notifyDone } from "@/components/notify";
import { ErrorState, SkeletonLines } from "@/components/states";
import { acts, settingsQuery } from "../api/queries";

const LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR"] as const;
type Level = (typeof LEVELS)[number];
const TIERS: ["client" | "site" | "agent", string][] = [
  ["client", "Client"],
  ["site", "Site"],
  ["agent", "Agent"],
];
const CADENCES: ["heartbeat_s" | "metrics_s" | "inventory_s", string, string, number, number][] = [
  ["heartbeat_s", "Heartbeat (s)", "How often a machine says that it is there.", 5, 3600],
  ["metrics_s", "Readings (s)", "How often CPU, memory, disks and network are kept.", 5, 3600],
  ["inventory_s", "Inventory (s)", "How often hardware and software are looked at again.", 60, 86_400],
];

export function PartnerTab() {
  const settings = useQuery(settingsQuery);
  if (settings.isPending) return <SkeletonLines lines={8} className="max-w-xl" />;
  if (settings.isError && !settings.data)
    return (
      <ErrorState error={settings.error} what="We could not load the settings." onRetry={() => settings.refetch()} />
    );
  return <SettingsForm key={settings.data.version} settings={settings.data} />;
}

function SettingsForm({ settings }: { settings: PartnerSettings }) {
  const cache = useQueryClient();
  const label = useLabel();
  const initial = useMemo(() => valuesOf(settings), [settings]);
  const draft = useDraft("settings", initial);
  const { values, change } = draft;
  const save = useAct({
    mutationFn: () => {
      // In minutes it is shown rounded: what nobody changed stays as it is.
      const { terminal_grace_s, ...rest } = changeOf(values, settings.label_overrides);
      const isChanged = values.terminal_grace_min !== initial.terminal_grace_min;
      return acts.saveSettings(isChanged ? { ...rest, terminal_grace_s } : rest);
    },
    onSuccess: async (saved) => {
      draft.drop();
      cache.setQueryData(settingsQuery.queryKey, saved);
      notifyDone("Saved. Machines that are online have it already.");
      await refresh(); // the labels come with the sign-in
    },
  });
  const changed = JSON.stringify(values) !== JSON.stringify(initial);
  return (
    <Form className="max-w-3xl" error={save.error} onSubmit={() => save.mutate()}>
      <DraftNote restored={draft.restored} onDrop={draft.drop} />
      <Card>
        <CardHeader title="What machines report" />
        <div className="grid gap-4 p-4 sm:grid-cols-3">
          {CADENCES.map(([key, title, hint, min, max]) => (
            <TextField
              key={key}
              label={title}
              name={key}
              hint={hint}
              type="number"
              min={min}
              max={max}
              required
              value={values[key]}
              onChange={(event) => change({ [key]: event.target.value })}
            />
          ))}
          <SelectField
            label={`Log level of the ${label("agent", 2)}`}
            name="log_level"
            value={values.log_level}
            onChange={(event) => change({ log_level: event.target.value })}
          >
            {LEVELS.map((level) => (
              <option key={level}>{level}</option>
            ))}
          </SelectField>
        </div>
      </Card>
      <Card>
        <CardHeader title="Terminals" />
        <div className="grid gap-4 p-4 sm:grid-cols-3">
          <TextField
            label="A terminal waits (min)"
            name="terminal_grace_s"
            hint="How long a shell goes on when its page is closed or the network drops."
            type="number"
            min={1}
            max={1440}
            required
            value={values.terminal_grace_min}
            onChange={(event) => change({ terminal_grace_min: event.target.value })}
          />
        </div>
      </Card>
      <Card>
        <CardHeader title="Your words" />
        <div className="grid gap-4 p-4 sm:grid-cols-3">
          {TIERS.map(([tier, word]) => (
            <TextField
              key={tier}
              label={`Instead of “${word}”`}
              name={`label_overrides.${tier}`}
              placeholder={word}
              maxLength={40}
              value={values[tier]}
              onChange={(event) => change({ [tier]: event.target.value })}
            />
          ))}
        </div>
      </Card>
      <div className="flex gap-2">
        <Button type="submit" variant="primary" busy={save.isPending} disabled={!changed}>
          Save
        </Button>
        {changed && <Button onClick={draft.drop}>Take back</Button>}
      </div>
    </Form>
  );
}

type Values = Record<
  "heartbeat_s" | "metrics_s" | "inventory_s" | "log_level" | "terminal_grace_min" | "client" | "site" | "agent",
  string
>;

function valuesOf({
  heartbeat_s,
  metrics_s,
  inventory_s,
  log_level,
  terminal_grace_s,
  label_overrides: labels,
}: PartnerSettings): Values {
  return {
    heartbeat_s: String(heartbeat_s),
    metrics_s: String(metrics_s),
    inventory_s: String(inventory_s),
    log_level,
    terminal_grace_min: String(Math.round(terminal_grace_s / 60)),
    client: labels.client ?? "",
    site: labels.site ?? "",
    agent: labels.agent ?? "",
  };
}

/** What the form changes; labels left empty go back to the product's own words. */
function changeOf(
  { heartbeat_s, metrics_s, inventory_s, log_level, terminal_grace_min, ...words }: Values,
  before: Record<string, string>,
): SettingsChange {
  const labels = Object.entries({ ...before, ...words }).filter(([, word]) => word.trim() !== "");
  return {
    heartbeat_s: Number(heartbeat_s),
    metrics_s: Number(metrics_s),
    inventory_s: Number(inventory_s),
    log_level: log_level as Level,
    terminal_grace_s: Number(terminal_grace_min) * 60,
    label_overrides: Object.fromEntries(labels),
  };
}
