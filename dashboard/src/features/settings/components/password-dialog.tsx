import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useAct } from "@/api/use-act";
import { useMe } from "@/api/use-sign-in";
import { Button } from "@/components/button";
import { Dialog, DialogActs } from "@/components/dialog";
import { TextField } from "@/components/field";
import { Form } from "@/components/form";
import { charactersToGo, NewPasswordField } from "@/components/new-password-field";
import { notifyDone } from "@/components/notify";
import { acts, signInsKey } from "../api/queries";

/** Changes the password of whoever is signed in, which ends their other sign-ins. */
export function PasswordDialog({ onClose }: { onClose: () => void }) {
  const me = useMe();
  const cache = useQueryClient();
  const [current, setCurrent] = useState("");
  const [chosen, setChosen] = useState("");
  const change = useAct({
    mutationFn: () => acts.changePassword(current, chosen),
    onSuccess: () => {
      void cache.invalidateQueries({ queryKey: signInsKey });
      onClose();
      notifyDone("Your password was changed. Your other sign-ins were ended.");
    },
  });
  return (
    <Dialog
      open
      onClose={onClose}
      title="Change password"
      description="You stay signed in here. Every other sign-in ends at once, and open terminals end with them."
    >
      <Form error={change.error} onSubmit={() => change.mutate()}>
        {/* Tells a password manager whose password this is. */}
        <input type="email" name="email" autoComplete="username" value={me.email} readOnly hidden />
        <TextField
          label="Current password"
          name="current_password"
          type="password"
          autoComplete="current-password"
          required
          autoFocus
          value={current}
          onChange={(event) => setCurrent(event.target.value)}
        />
        <NewPasswordField
          label="New password"
          name="new_password"
          value={chosen}
          onChange={setChosen}
          judge={acts.judgePassword}
        />
        <DialogActs>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" busy={change.isPending} disabled={charactersToGo(chosen) > 0}>
            Change password
          </Button>
        </DialogActs>
      </Form>
    </Dialog>
  );
}
