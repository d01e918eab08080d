import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import type { UserRow } from "@/api/contract";
import { ApiError } from "@/api/errors";
import type { BodyOf } from "@/api/paths";
import { treeQuery } from "@/api/queries";
import { useLabel } from "@/api/use-sign-in";
import { Button } from "@/components/button";
import { Dialog, DialogActs } from "@/components/dialog";
import { SelectField, TextField } from "@/components/field";
import { notifyDone } from "@/components/notify";
import { ErrorNote } from "@/components/states";
import { acts, usersKey } from "../api/queries";

/** The roles inside a Partner. */
type Role = BodyOf<"/users", "post">["role"];

const ROLES: [Role, string, string][] = [
  ["partner_tech", "Partner tech", "Watches and repairs machines: commands and terminals."],
  ["partner_admin", "Partner admin", "Everything a tech may, and users, settings and the audit."],
  ["client_contact", "Client contact", "Reads the machines of one Client; changes nothing."],
];

/** Invites somebody, or changes name and role of somebody who is there. */
export function UserDialog({
  user,
  onInvited,
  onClose,
}: {
  user?: UserRow;
  onInvited?: (url: string, email: string) => void;
  onClose: () => void;
}) {
  const cache = useQueryClient();
  const label = useLabel();
  const [email, setEmail] = useState(user?.email ?? "");
  const [name, setName] = useState(user?.name ?? "");
  const [role, setRole] = useState(roleOf(user));
  const [client, setClient] = useState(user?.client_id ?? "");
  const contact = role === "client_contact";
  const clients = useQuery({ ...treeQuery, enabled: contact });
  const save = useMutation({
    mutationFn: async (): Promise<string | null> => {
      if (user) {
        await acts.changeUser(user.id, { name: name.trim(), role, ...(contact && { client_id: client }) });
        return null;
      }
      const made = await acts.invite({
        email: email.trim(),
        name: name.trim(),
        role,
        ...(contact && { client_id: client }),
      });
      return made.invitation_url;
    },
    onSuccess: async (url) => {
      await cache.invalidateQueries({ queryKey: usersKey });
      onClose();
      if (url !== null) onInvited?.(url, email.trim());
      else notifyDone("Saved.");
    },
  });
  const fields = save.error instanceof ApiError ? save.error.fields : {};
  return (
    <Dialog
      open
      onClose={onClose}
      title={user ? "Change a user" : "Invite somebody"}
      description={user ? user.email : "They choose their own password with the link you get."}
    >
      <form
        className="space-y-4"
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <ErrorNote error={save.error ?? clients.error} />
        {!user && (
          <TextField
            label="E-mail"
            type="email"
            required
            autoFocus
            value={email}
            onChange={(event) => setEmail(event.target.value)}
            error={fields.email}
          />
        )}
        <TextField
          label="Name"
          required
          value={name}
          onChange={(event) => setName(event.target.value)}
          error={fields.name}
        />
        <SelectField
          label="Role"
          value={role}
          onChange={(event) => setRole(event.target.value as Role)}
          hint={ROLES.find(([key]) => key === role)?.[2]}
          error={fields.role}
        >
          {ROLES.map(([key, title]) => (
            <option key={key} value={key}>
              {title}
            </option>
          ))}
        </SelectField>
        {contact && (
          <SelectField
            label={label("client")}
            required
            value={client}
            onChange={(event) => setClient(event.target.value)}
            error={fields.client_id}
          >
            <option value="">Choose…</option>
            {clients.data?.clients.map((each) => (
              <option key={each.id} value={each.id}>
                {each.name}
              </option>
            ))}
          </SelectField>
        )}
        <DialogActs>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" busy={save.isPending}>
            {user ? "Save" : "Invite"}
          </Button>
        </DialogActs>
      </form>
    </Dialog>
  );
}

/** The role somebody has now; techs are who is invited most. */
function roleOf(user: UserRow | undefined): Role {
  return ROLES.find(([role]) => role === user?.role)?.[0] ?? "partner_tech";
}
