import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { PartnerRow } from "@/api/contract";
import { adopt } from "@/api/sign-in";
import { useAct } from "@/api/use-act";
import { useDraft } from "@/api/use-draft";
import { Button } from "@/components/button";
import { Dialog, DialogActs } from "@/components/dialog";
import { DraftNote } from "@/components/draft-note";
import { TextField } from "@/components/field";
import { Form } from "@/components/form";
import { createPartner, enterPartner, partnersKey } from "../api/queries";

export function CreatePartnerDialog({
  onInvited,
  onClose,
}: {
  onInvited: (url: string, email: string) => void;
  onClose: () => void;
}) {
  const cache = useQueryClient();
  const draft = useDraft("partner", { name: "", email: "" });
  const { name, email } = draft.values;
  const create = useAct({
    mutationFn: () => createPartner(name.trim(), email.trim()),
    onSuccess: async ({ invitation_url: url }) => {
      await cache.invalidateQueries({ queryKey: partnersKey });
      draft.drop();
      onClose();
      if (url) onInvited(url, email.trim());
    },
  });
  return (
    <Dialog open onClose={onClose} title="New Partner" className="md:w-[440px]">
      <Form error={create.error} onSubmit={() => create.mutate()}>
        <DraftNote restored={draft.restored} onDrop={draft.drop} />
        <TextField
          label="Name"
          name="name"
          required
          maxLength={120}
          autoFocus
          value={name}
          onChange={(event) => draft.change({ name: event.target.value })}
        />
        <TextField
          label="E-mail of its first admin"
          type="email"
          name="admin_email"
          hint="They get a link from you to choose a password."
          value={email}
          onChange={(event) => draft.change({ email: event.target.value })}
        />
        <DialogActs>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" busy={create.isPending} disabled={name.trim() === ""}>
            Create
          </Button>
        </DialogActs>
      </Form>
    </Dialog>
  );
}

export function EnterPartnerDialog({ partner, onClose }: { partner: PartnerRow; onClose: () => void }) {
  const [reason, setReason] = useState("");
  const enter = useAct({ mutationFn: () => enterPartner(partner.id, reason.trim()), onSuccess: adopt });
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Enter ${partner.name}`}
      description="You will see and act on this Partner's machines. That you entered, why, and everything you do is in its audit."
      className="md:w-[440px]"
    >
      <Form error={enter.error} onSubmit={() => enter.mutate()}>
        <TextField
          label="Reason"
          name="reason"
          required
          maxLength={500}
          autoFocus
          placeholder="Ticket, who asked, what for"
          value={reason}
          onChange={(event) => setReason(event.target.value)}
        />
        <DialogActs>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" busy={enter.isPending} disabled={reason.trim() === ""}>
            Enter
          </Button>
        </DialogActs>
      </Form>
    </Dialog>
  );
}
