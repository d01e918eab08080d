import { useQueryClient } from "@tanstack/react-query";
import { ApiError } from "@/api/errors";
import { useAct } from "@/api/use-act";
import { useConfirm } from "@/components/confirm";
import { notifyDone, notifyError } from "@/components/notify";
import { count } from "@/lib/format";
import { refreshPlaces } from "../api/queries";

/** Deleting a Client or Site: only an empty one goes, and the server has the last word on that. */
export function useRemove(
  what: { name: string; kind: string; contents: string; count: number },
  remove: () => Promise<unknown>,
  onDone: () => void,
) {
  const confirm = useConfirm();
  const cache = useQueryClient();
  const act = useAct({
    mutationFn: remove,
    onSuccess: async () => {
      notifyDone(`${what.name} was deleted.`);
      onDone();
      await refreshPlaces(cache);
    },
    onError: (error) => {
      if (error instanceof ApiError && error.code === "not_empty")
        notifyError(`${what.name} is not empty: move or delete its ${what.contents} first.`, error);
      else notifyError(`${what.name} was not deleted.`, error);
    },
  });
  const ask = async () => {
    if (what.count > 0)
      return notifyError(
        `${what.name} still has ${count(what.count)} ${what.contents}.`,
        new Error("Move or delete them first; only an empty one can be deleted."),
      );
    const sure = await confirm({
      title: `Delete this ${what.kind}?`,
      consequence: `Deletes 1 ${what.kind}, ${what.name}. It is empty.`,
      act: "Delete",
    });
    if (sure) act.mutate();
  };
  return { ask, busy: act.isPending };
}
