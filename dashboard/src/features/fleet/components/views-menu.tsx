import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Bookmark } from "lucide-react";
import type { SavedView } from "@/api/contract";
import { useAct } from "@/api/use-act";
import { useCan } from "@/api/use-sign-in";
import { IconButton } from "@/components/button";
import { useConfirm } from "@/components/confirm";
import { useOpenDialog } from "@/components/dialog-host";
import { Menu } from "@/components/menu";
import { notifyDone, notifyError } from "@/components/notify";
import { visibleLine } from "@/lib/visible-text";
import { type Seen, viewActs, viewsQuery } from "../api/queries";
import { SaveViewDialog } from "./save-view-dialog";

/** The saved views of the fleet: one's own and those that others share, and what can be done with the one that is shown. */
export function ViewsMenu({
  here,
  savable,
  onShow,
}: {
  /** What the list shows now. */
  here: Seen;
  savable: boolean;
  onShow: (view: Seen) => void;
}) {
  const views = useQuery(viewsQuery).data?.items ?? [];
  const open = useOpenDialog();
  const shown = views.find(({ query, sort }) => query === here.query && sort === here.sort);
  const acts = useViewActs(shown, here);
  const items = [
    ...views.map((view) => ({
      key: view.id,
      label: `${view === shown ? "✓ " : ""}${visibleLine(view.name)}${view.own ? "" : ` · by ${view.saved_by}`}`,
      onSelect: () => onShow(view),
    })),
    ...acts,
    {
      label: "Save this as a view…",
      disabled: !savable,
      onSelect: () => open((close) => <SaveViewDialog seen={here} onClose={close} />),
    },
  ];
  return (
    <Menu
      trigger={
        <IconButton label="Views">
          <Bookmark aria-hidden="true" className="size-4" strokeWidth={1.75} />
        </IconButton>
      }
      items={items}
    />
  );
}

/** What can be done with a view that one may change. */
function useViewActs(view: SavedView | undefined, here: Seen) {
  const cache = useQueryClient();
  const confirm = useConfirm();
  const manages = useCan("views.manage");
  const again = () => cache.invalidateQueries({ queryKey: viewsQuery.queryKey });
  const change = useAct({
    mutationFn: ({ id, ...body }: { id: string; shared?: boolean; columns?: string[]; done: string }) =>
      viewActs.change(id, { shared: body.shared, columns: body.columns }),
    onSuccess: async (_, { done }) => {
      await again();
      notifyDone(done);
    },
    onError: (error) => notifyError("The view stays as it was.", error),
  });
  const remove = useAct({
    mutationFn: viewActs.delete,
    onSuccess: async () => {
      await again();
      notifyDone("The view is deleted.");
    },
    onError: (error) => notifyError("The view was not deleted.", error),
  });
  if (view === undefined || !(view.own || manages)) return [];
  const name = visibleLine(view.name);
  const { id, shared } = view;
  return [
    {
      label: `Save these columns with “${name}”`,
      onSelect: () => change.mutate({ id, columns: [...here.columns], done: "The columns are saved." }),
    },
    {
      label: shared ? `Stop sharing “${name}”` : `Share “${name}”`,
      onSelect: () =>
        change.mutate({
          id,
          shared: !shared,
          done: shared ? "It is yours alone now." : "Your colleagues have it now.",
        }),
    },
    {
      label: `Delete “${name}”…`,
      danger: true,
      onSelect: async () => {
        const consequence = shared ? "Your colleagues lose it, too. No machine is touched." : "No machine is touched.";
        if (await confirm({ title: `Delete the view “${name}”?`, consequence, act: "Delete" })) remove.mutate(id);
      },
    },
  ];
}
