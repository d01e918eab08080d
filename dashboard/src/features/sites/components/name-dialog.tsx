import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useAct } from "@/api/use-act";
import { Button } from "@/components/button";
import { Dialog, DialogActs } from "@/components/dialog";
import { TextField } from "@/components/field";
import { Form } from "@/components/form";
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
  const save = useAct({
    mutationFn: () => onSubmit(name.trim()),
    onSuccess: async (result) => {
      await refreshPlaces(cache);
      onClose();
      onDone?.(result);
    },
  });
  return (
    <Dialog open onClose={onClose} title={title} className="md:w-[420px]">
      <Form error={save.error} onSubmit={() => save.mutate()}>
        <TextField
          label="Name"
          name="name"
          required
          maxLength={120}
          autoFocus
          value={name}
          onChange={(event) => setName(event.target.value)}
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
      </Form>
    </Dialog>
  );
}
