import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState } from "react";
import type { PartnerSettings, SettingsChange, Tier } from "@/api/contract";
import { ApiError } from "@/api/errors";
import { refresh } from "@/api/sign-in";
import { Button } from "@/components/button";
import { Card, CardHeader } from "@/components/card";
import { SelectField, TextField } from "@/components/field";
import { notifyDone } from "@/components/notify";
import { ErrorNote, ErrorState, SkeletonLines } from "@/components/states";
import { acts, settingsQuery } from "../api/queries";

const LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR"] as const;
type Level = (typeof LEVELS)[number];
const TIERS: [Tier, string][] = [
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
  return <SettingsForm settings={settings.data} />;
}

function SettingsForm({ settings }: { settings: PartnerSettings }) {
  const cache = useQueryClient();
  const [draft, setDraft] = useState(settings);
  useEffect(() => setDraft(settings), [settings]);
  const save = useMutation({
    mutationFn: () => acts.saveSettings(changeOf(draft)),
    onSuccess: async (saved) => {
      cache.setQueryData(settingsQuery.queryKey, saved);
      notifyDone("Saved. Machines that are online have it already.");
      await refresh(); // the labels come with the sign-in
    },
  });
  const fields = save.error instanceof ApiError ? save.error.fields : {};
  const changed = JSON.stringify(draft) !== JSON.stringify(settings);
  return (
    <form
      className="max-w-3xl space-y-4"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <Card>
        <CardHeader title="What machines report" />
        <div className="grid gap-4 p-4 sm:grid-cols-3">
          {CADENCES.map(([key, label, hint, min, max]) => (
            <TextField
              key={key}
              label={label}
              hint={hint}
              type="number"
              min={min}
              max={max}
              required
              value={String(draft[key])}
              onChange={(event) => setDraft({ ...draft, [key]: Number(event.target.value) })}
              error={fields[key]}
            />
          ))}
          <SelectField
            label="Log level of the agents"
            value={draft.log_level}
            onChange={(event) => setDraft({ ...draft, log_level: event.target.value as Level })}
            error={fields.log_level}
          >
            {LEVELS.map((level) => (
              <option key={level}>{level}</option>
            ))}
          </SelectField>
        </div>
      </Card>
      <Card>
        <CardHeader title="Your words" />
        <div className="grid gap-4 p-4 sm:grid-cols-3">
          {TIERS.map(([tier, word]) => (
            <TextField
              key={tier}
              label={`Instead of “${word}”`}
              placeholder={word}
              maxLength={40}
              value={draft.label_overrides[tier] ?? ""}
              onChange={(event) =>
                setDraft({ ...draft, label_overrides: { ...draft.label_overrides, [tier]: event.target.value } })
              }
              error={fields[`label_overrides.${tier}`]}
            />
          ))}
        </div>
      </Card>
      <ErrorNote error={save.error} />
      <div className="flex gap-2">
        <Button type="submit" variant="primary" busy={save.isPending} disabled={!changed}>
          Save
        </Button>
        {changed && <Button onClick={() => setDraft(settings)}>Take back</Button>}
      </div>
    </form>
  );
}

/** What the form can change; labels left empty go back to the product's own words. */
function changeOf({
  heartbeat_s,
  metrics_s,
  inventory_s,
  log_level,
  label_overrides,
}: PartnerSettings): SettingsChange {
  const labels = Object.entries(label_overrides).filter(([, label]) => label.trim() !== "");
  return { heartbeat_s, metrics_s, inventory_s, log_level, label_overrides: Object.fromEntries(labels) };
}
