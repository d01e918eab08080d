import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import type { PartnerRow } from "@/api/contract";
import { ApiError } from "@/api/errors";
import { adopt } from "@/api/sign-in";
import { Button } from "@/components/button";
import { Dialog, DialogActs } from "@/components/dialog";
import { TextField } from "@/components/field";
import { ErrorNote } from "@/components/states";
import { createPartner, enterPartner, partnersKey } from "../api/queries";

export function CreatePartnerDialog({
  onInvited,
  onClose,
}: {
  onInvited: (url: string, email: string) => void;
  onClose: () => void;
}) {
  const cache = useQueryClient();
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const create = useMutation({
    mutationFn: () => createPartner(name.trim(), email.trim()),
    onSuccess: async ({ invitation_url: url }) => {
      await cache.invalidateQueries({ queryKey: partnersKey });
      onClose();
      if (url) onInvited(url, email.trim());
    },
  });
  const fields = create.error instanceof ApiError ? create.error.fields : {};
  return (
    <Dialog open onClose={onClose} title="New Partner" className="md:w-[440px]">
      <form
        className="space-y-4"
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          create.mutate();
        }}
      >
        <ErrorNote error={create.error} />
        <TextField
          label="Name"
          required
          maxLength={120}
          autoFocus
          value={name}
          onChange={(event) => setName(event.target.value)}
          error={fields.name}
        />
        <TextField
          label="E-mail of its first admin"
          type="email"
          hint="They get a link from you to choose a password."
          value={email}
          onChange={(event) => setEmail(event.target.value)}
          error={fields.admin_email}
        />
        <DialogActs>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" busy={create.isPending} disabled={name.trim() === ""}>
            Create
          </Button>
        </DialogActs>
      </form>
    </Dialog>
  );
}

export function EnterPartnerDialog({ partner, onClose }: { partner: PartnerRow; onClose: () => void }) {
  const [reason, setReason] = useState("");
  const enter = useMutation({ mutationFn: () => enterPartner(partner.id, reason.trim()), onSuccess: adopt });
  const fields = enter.error instanceof ApiError ? enter.error.fields : {};
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Enter ${partner.name}`}
      description="You will see and act on this Partner's machines. That you entered, why, and everything you do is in its audit."
      className="md:w-[440px]"
    >
      <form
        className="space-y-4"
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          enter.mutate();
        }}
      >
        <ErrorNote error={enter.error} />
        <TextField
          label="Reason"
          required
          maxLength={500}
          autoFocus
          placeholder="Ticket, who asked, what for"
          value={reason}
          onChange={(event) => setReason(event.target.value)}
          error={fields.reason}
        />
        <DialogActs>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" busy={enter.isPending} disabled={reason.trim() === ""}>
            Enter
          </Button>
        </DialogActs>
      </form>
    </Dialog>
  );
}
