import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { ApiError } from "@/api/errors";
import { Button } from "@/components/button";
import { Dialog, DialogActs } from "@/components/dialog";
import { TextField } from "@/components/field";
import { ErrorNote } from "@/components/states";
import { refreshPlaces } from "../api/queries";

/** Asks for a name: of a new Client or Site, or a new one for an old one. */
export function NameDialog<T>({
  title,
  act,
  name: before = "",
  onSubmit,
  onDone,
  onClose,
}: {
  title: string;
  act: string;
  name?: string;
  onSubmit: (name: string) => Promise<T>;
  onDone?: (result: T) => void;
  onClose: () => void;
}) {
  const cache = useQueryClient();
  const [name, setName] = useState(before);
  const save = useMutation({
    mutationFn: () => onSubmit(name.trim()),
    onSuccess: async (result) => {
      await refreshPlaces(cache);
      onClose();
      onDone?.(result);
    },
  });
  const fields = save.error instanceof ApiError ? save.error.fields : {};
  return (
    <Dialog open onClose={onClose} title={title} className="md:w-[420px]">
      <form
        className="space-y-4"
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        {!fields.name && <ErrorNote error={save.error} />}
        <TextField
          label="Name"
          required
          maxLength={120}
          autoFocus
          value={name}
          onChange={(event) => setName(event.target.value)}
          error={fields.name}
        />
        <DialogActs>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            variant="primary"
            busy={save.isPending}
            disabled={name.trim() === "" || name.trim() === before}
          >
            {act}
          </Button>
        </DialogActs>
      </form>
    </Dialog>
  );
}
