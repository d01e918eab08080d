import { useState } from "react";
import { Button } from "./button";
import { CopyLine } from "./copy";
import { Dialog, DialogActs } from "./dialog";

/** An invitation's link. It is shown once, the server keeps only its hash: so nothing but a button takes it away. */
export function InvitationDialog({ url, email, onClose }: { url: string; email: string; onClose: () => void }) {
  const [copied, setCopied] = useState(false);
  return (
    <Dialog
      open
      onClose={onClose}
      staysOpen={!copied}
      title="Send this link"
      description={`It lets ${email} choose a password, once. It is not shown again; a new one can be made at any time.`}
    >
      <div className="space-y-4">
        <CopyLine
          value={new URL(url, window.location.href).toString()}
          label="Copy the invitation link"
          onCopied={() => setCopied(true)}
        />
        <DialogActs>
          <Button variant="primary" onClick={onClose}>
            {copied ? "Done" : "I have it"}
          </Button>
        </DialogActs>
      </div>
    </Dialog>
  );
}
