import { Button } from "./button";
import { CopyLine } from "./copy";
import { Dialog, DialogActs } from "./dialog";

/** An invitation's link. It is shown once: the server keeps only its hash. */
export function InvitationDialog({ url, email, onClose }: { url: string; email: string; onClose: () => void }) {
  return (
    <Dialog
      open
      onClose={onClose}
      title="Send this link"
      description={`It lets ${email} choose a password, once. It is not shown again; a new one can be made at any time.`}
    >
      <div className="space-y-4">
        <CopyLine value={new URL(url, window.location.href).toString()} label="Copy the invitation link" />
        <DialogActs>
          <Button variant="primary" onClick={onClose}>
            Done
          </Button>
        </DialogActs>
      </div>
    </Dialog>
  );
}
