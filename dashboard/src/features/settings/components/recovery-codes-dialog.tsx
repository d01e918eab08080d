import { Download } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/button";
import { CopyButton } from "@/components/copy";
import { Dialog, DialogActs } from "@/components/dialog";

/** Recovery codes are shown once: the server keeps only their hashes. So nothing but a button takes them away. */
export function RecoveryCodesDialog({ codes, onClose }: { codes: string[]; onClose: () => void }) {
  const [kept, setKept] = useState(false);
  const text = codes.join("\n");
  const save = () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([`${text}\n`], { type: "text/plain" }));
    link.download = "gururmm-recovery-codes.txt";
    link.click();
    URL.revokeObjectURL(link.href);
    setKept(true);
  };
  return (
    <Dialog
      open
      onClose={onClose}
      staysOpen={!kept}
      title="Keep these recovery codes"
      description="Each of them lets you in once, when your second factor is lost. They are not shown again: keep them where you keep what matters, and not with your password."
    >
      <div className="space-y-4">
        <div className="flex items-start gap-1 rounded-md border bg-canvas py-3 pr-1.5 pl-3">
          <ul aria-label="Recovery codes" className="grid flex-1 gap-x-6 gap-y-1 font-mono text-sm sm:grid-cols-2">
            {codes.map((code) => (
              <li key={code} className="select-all">
                {code}
              </li>
            ))}
          </ul>
          <CopyButton value={text} label="Copy the recovery codes" onCopied={() => setKept(true)} />
        </div>
        <DialogActs>
          <Button onClick={save}>
            <Download aria-hidden="true" className="size-4" /> Save as a file
          </Button>
          <Button variant="primary" onClick={onClose}>
            I have them
          </Button>
        </DialogActs>
      </div>
    </Dialog>
  );
}
