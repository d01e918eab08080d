import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { ApiError } from "@/api/errors";
import { useMe } from "@/api/use-sign-in";
import { Button } from "@/components/button";
import { Dialog, DialogActs } from "@/components/dialog";
import { TextField } from "@/components/field";
import { charactersToGo, NewPasswordField } from "@/components/new-password-field";
import { notifyDone } from "@/components/notify";
import { ErrorNote } from "@/components/states";
import { acts, signInsQuery } from "../api/queries";

/** Changes the password of whoever is signed in, which ends their other sign-ins. */
export function PasswordDialog({ onClose }: { onClose: () => void }) {
  const me = useMe();
  const cache = useQueryClient();
  const [current, setCurrent] = useState("");
  const [chosen, setChosen] = useState("");
  const change = useMutation({
    mutationFn: () => acts.changePassword(current, chosen),
    onSuccess: () => {
      void cache.invalidateQueries({ queryKey: signInsQuery.queryKey });
      onClose();
      notifyDone("Your password was changed. Your other sign-ins were ended.");
    },
  });
  const fields = change.error instanceof ApiError ? change.error.fields : {};
  const told = fields.current_password ?? fields.new_password;
  return (
    <Dialog
      open
      onClose={onClose}
      title="Change password"
      description="You stay signed in here. Every other sign-in ends at once, and open terminals end with them."
    >
      <form
        className="space-y-4"
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          change.mutate();
        }}
      >
        {!told && <ErrorNote error={change.error} />}
        {/* Tells a password manager whose password this is. */}
        <input type="email" name="email" autoComplete="username" value={me.email} readOnly hidden />
        <TextField
          label="Current password"
          type="password"
          autoComplete="current-password"
          required
          autoFocus
          value={current}
          onChange={(event) => setCurrent(event.target.value)}
          error={fields.current_password}
        />
        <NewPasswordField label="New password" value={chosen} onChange={setChosen} error={fields.new_password} />
        <DialogActs>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" busy={change.isPending} disabled={charactersToGo(chosen) > 0}>
            Change password
          </Button>
        </DialogActs>
      </form>
    </Dialog>
  );
}
