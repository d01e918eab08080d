import { useQueryClient } from "@tanstack/react-query";
import type { CommandRow } from "@/api/contract";
import { ApiError } from "@/api/errors";
import { useAct } from "@/api/use-act";
import { useConfirm } from "@/components/confirm";
import { notifyDone, notifyError } from "@/components/notify";
import { cancelCommand, deleteCommand, refreshCommands } from "../api/queries";
import { isActive } from "./command-status";

export function useCancelCommand(id: string) {
  const cache = useQueryClient();
  return useAct({
    mutationFn: () => cancelCommand(id),
    onSettled: () => refreshCommands(cache, id),
    onError: (error) => {
      if (error instanceof ApiError && error.code === "already_finished") notifyDone("It had finished already.");
      else notifyError("The command was not cancelled.", error);
    },
  });
}

export function useDeleteCommand(command: CommandRow | undefined, onDeleted: () => void) {
  const cache = useQueryClient();
  const confirm = useConfirm();
  const remove = useAct({
    mutationFn: (id: string) => deleteCommand(id),
    onSuccess: async () => {
      notifyDone("The command was deleted.");
      onDeleted();
      await refreshCommands(cache);
    },
    onError: (error) => notifyError("The command was not deleted.", error),
  });
  const ask = async () => {
    if (!command) return;
    const sure = await confirm({
      title: "Delete this command?",
      consequence: isActive(command)
        ? "Cancels 1 command that has not finished, then deletes it with its output."
        : "Deletes 1 command with its output. The audit keeps that it was run.",
      act: "Delete",
    });
    if (sure) remove.mutate(command.id);
  };
  return { ask, busy: remove.isPending };
}
