import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useAct } from "@/api/use-act";
import { Button } from "@/components/button";
import { Dialog, DialogActs } from "@/components/dialog";
import { TextField } from "@/components/field";
import { Form } from "@/components/form";
import { MachineText } from "@/components/machine-text";
import { notifyDone } from "@/components/notify";
import { type Seen, viewActs, viewsQuery } from "../api/queries";

/** Keeps what the list shows now, by a name. */
export function SaveViewDialog({ seen, onClose }: { seen: Seen; onClose: () => void }) {
  const cache = useQueryClient();
  const [name, setName] = useState("");
  const save = useAct({
    mutationFn: () => viewActs.save({ ...seen, columns: [...seen.columns], name, shared: false }),
    onSuccess: async () => {
      await cache.invalidateQueries({ queryKey: viewsQuery.queryKey });
      notifyDone("The view is saved.");
      onClose();
    },
  });
  return (
    <Dialog
      open
      onClose={onClose}
      title="Save as a view"
      description="The search, its order and the columns. It is yours alone until you share it."
      className="md:w-[440px]"
    >
      <Form error={save.error} onSubmit={() => save.mutate()}>
        <p className="text-muted text-sm">
          {seen.query === "" ? "All machines" : <MachineText className="text-xs">{seen.query}</MachineText>}
        </p>
        <TextField
          label="Name"
          name="name"
          required
          maxLength={200}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <DialogActs>
          <Button onClick={onClose}>Cancel</Button>
          <Button variant="primary" type="submit" busy={save.isPending}>
            Save
          </Button>
        </DialogActs>
      </Form>
    </Dialog>
  );
}
