import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import type { Setting } from "@/api/contract";
import { refresh } from "@/api/sign-in";
import { useAct } from "@/api/use-act";
import { useDraft } from "@/api/use-draft";
import { Button } from "@/components/button";
import { Card, CardHeader } from "@/components/card";
import { useConfirm } from "@/components/confirm";
import { DraftNote } from "@/components/draft-note";
import { Form } from "@/components/form";
import { notifyDone } from "@/components/notify";
import { SearchField } from "@/components/search-field";
import { EmptyState, ErrorState, SkeletonLines } from "@/components/states";
import { foldText } from "@/lib/fold-text";
import { acts, type Changes, type Place, settingsQuery } from "../api/queries";
import { SettingRow } from "./setting-row";

/** All settings of a place: each with what it does, what holds, and where that comes from. */
export function SettingsEditor({ place }: { place: Place }) {
  const page = useQuery(settingsQuery(place));
  if (page.isPending) return <SkeletonLines lines={8} className="max-w-xl" />;
  if (page.isError && !page.data)
    return <ErrorState error={page.error} what="We could not load the settings." onRetry={() => page.refetch()} />;
  const { items } = page.data;
  return <SettingsForm key={JSON.stringify(items.map((item) => item.own))} place={place} items={items} />;
}

function SettingsForm({ place, items }: { place: Place; items: Setting[] }) {
  const cache = useQueryClient();
  const confirm = useConfirm();
  const [search, setSearch] = useState<string>();
  const initial = useMemo(() => valuesOf(items), [items]);
  const draft = useDraft(`settings ${place.level} ${"siteId" in place ? place.siteId : ""}`, initial);
  const { values, change } = draft;
  const changes = changesOf(items, initial, values);
  const isChanged = Object.keys(changes).length > 0;
  const save = useAct({
    mutationFn: () => acts.saveSettings(place, changes),
    onSuccess: async (saved) => {
      draft.drop();
      await cache.invalidateQueries({ queryKey: ["settings"], refetchType: "none" });
      cache.setQueryData(settingsQuery(place).queryKey, saved);
      notifyDone("Saved. Machines that are online have it in a moment.");
      await refresh(); // the labels come with the sign-in
    },
  });
  const submit = async () => {
    const shorter = items.filter((item) => item.lowering_deletes && isLower(item, changes[item.key]));
    const sure =
      shorter.length === 0 ||
      (await confirm({
        title: "Keep less?",
        consequence: `What is older is deleted for good within six hours: ${shorter.map(({ title }) => title).join(", ")}.`,
        act: "Save and delete",
      }));
    if (sure) save.mutate();
  };
  const shown = items.filter((item) => matches(item, search));
  return (
    <div className="max-w-4xl space-y-4">
      <SearchField value={search} onChange={setSearch} label="Search settings" className="md:max-w-sm" />
      <Form error={save.error} onSubmit={() => void submit()}>
        <DraftNote restored={draft.restored} onDrop={draft.drop} />
        {shown.length === 0 && <EmptyState>No setting is called that, and none does that.</EmptyState>}
        {groupsOf(shown).map(([group, settings]) => (
          <Card key={group}>
            <CardHeader title={group} />
            <ul className="divide-y divide-line/60">
              {settings.map((item) => (
                <SettingRow
                  key={item.key}
                  item={item}
                  value={values[item.key] ?? ""}
                  onChange={(value) => change({ [item.key]: value })}
                />
              ))}
            </ul>
          </Card>
        ))}
        {items.some((item) => item.settable) && (
          <div className="sticky bottom-0 flex gap-2 bg-canvas py-3">
            <Button type="submit" variant="primary" busy={save.isPending} disabled={!isChanged}>
              Save
            </Button>
            {isChanged && <Button onClick={draft.drop}>Take back</Button>}
          </div>
        )}
      </Form>
    </div>
  );
}

/** What is set here, as one types it; empty where it is inherited. */
function valuesOf(items: Setting[]): Record<string, string> {
  return Object.fromEntries(items.filter((item) => item.settable).map((item) => [item.key, String(item.own ?? "")]));
}

function changesOf(items: Setting[], before: Record<string, string>, values: Record<string, string>): Changes {
  const changed = items.filter((item) => item.settable && values[item.key]?.trim() !== before[item.key]);
  return Object.fromEntries(changed.map((item) => [item.key, changeOf(item, values[item.key]?.trim() ?? "")]));
}

function changeOf(item: Setting, text: string): string | number | null {
  if (text === "") return null;
  return item.kind === "number" ? Number(text) : text;
}

/** Whether a change makes the number that holds smaller; null goes back to what is inherited. */
function isLower(item: Setting, change: string | number | null | undefined): boolean {
  return change !== undefined && Number(change ?? item.inherited) < Number(item.value);
}

function matches(item: Setting, search: string | undefined): boolean {
  const text = foldText(`${item.group} ${item.title} ${item.sentence} ${item.key}`);
  return foldText(search ?? "")
    .split(/\s+/)
    .every((word) => text.includes(word));
}

function groupsOf(items: Setting[]): [string, Setting[]][] {
  const groups = new Map<string, Setting[]>();
  for (const item of items) groups.set(item.group, [...(groups.get(item.group) ?? []), item]);
  return [...groups];
}
