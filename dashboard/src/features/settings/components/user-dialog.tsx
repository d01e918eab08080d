import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { UserRow } from "@/api/contract";
import type { BodyOf } from "@/api/paths";
import { treeQuery } from "@/api/queries";
import { useAct } from "@/api/use-act";
import { useDraft } from "@/api/use-draft";
import { roleOf, useLabel, useMe } from "@/api/use-sign-in";
import { Button } from "@/components/button";
import { Dialog, DialogActs } from "@/components/dialog";
import { DraftNote } from "@/components/draft-note";
import { SelectField, TextField } from "@/components/field";
import { Form } from "@/components/form";
import { notifyDone } from "@/components/notify";
import { acts, usersKey } from "../api/queries";

/** The roles inside a Partner. */
type Role = BodyOf<"/users", "post">["role"];

const ROLES: [Role, (client: string) => string][] = [
  ["partner_tech", () => "Watches and repairs machines: commands and terminals."],
  ["partner_admin", () => "Everything a tech may, and users, settings and the audit."],
  ["client_contact", (client) => `Reads the machines of one ${client}; changes nothing.`],
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
  const me = useMe();
  const draft = useDraft(user ? `user ${user.id}` : "invite", {
    email: user?.email ?? "",
    name: user?.name ?? "",
    role: currentRole(user) as string,
    client: user?.client_id ?? "",
  });
  const { email, name, client } = draft.values;
  const role = draft.values.role as Role;
  const contact = role === "client_contact";
  const clients = useQuery({ ...treeQuery, enabled: contact });
  const save = useAct({
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
      draft.drop();
      onClose();
      if (url !== null) onInvited?.(url, email.trim());
      else notifyDone("Saved.");
    },
  });
  return (
    <Dialog
      open
      onClose={onClose}
      title={user ? "Change a user" : "Invite somebody"}
      description={user ? user.email : "They choose their own password with the link you get."}
    >
      <Form error={save.error ?? clients.error} onSubmit={() => save.mutate()}>
        <DraftNote restored={draft.restored} onDrop={draft.drop} />
        {!user && (
          <TextField
            label="E-mail"
            type="email"
            name="email"
            required
            autoFocus
            value={email}
            onChange={(event) => draft.change({ email: event.target.value })}
          />
        )}
        <TextField
          label="Name"
          name="name"
          required
          autoFocus={user !== undefined}
          value={name}
          onChange={(event) => draft.change({ name: event.target.value })}
        />
        <SelectField
          label="Role"
          name="role"
          value={role}
          onChange={(event) => draft.change({ role: event.target.value })}
          hint={
            <>
              {ROLES.find(([key]) => key === role)?.[1](label("client"))}
              {user && (role !== user.role || (contact && client !== user.client_id)) && (
                <span className="block text-warn">
                  Saving this ends all sign-ins of {user.name || user.email} at once, and their terminals with them.
                </span>
              )}
            </>
          }
        >
          {ROLES.map(([key]) => (
            <option key={key} value={key}>
              {roleOf(me, key)}
            </option>
          ))}
        </SelectField>
        {contact && (
          <SelectField
            label={label("client")}
            name="client_id"
            required
            value={client}
            onChange={(event) => draft.change({ client: event.target.value })}
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
      </Form>
    </Dialog>
  );
}

/** The role somebody has now; techs are who is invited most. */
function currentRole(user: UserRow | undefined): Role {
  return ROLES.find(([role]) => role === user?.role)?.[0] ?? "partner_tech";
}
