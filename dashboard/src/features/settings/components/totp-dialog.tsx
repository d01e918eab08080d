import { useState } from "react";
import type { AnswerOf } from "@/api/paths";
import { useAct } from "@/api/use-act";
import { Button } from "@/components/button";
import { CodeField } from "@/components/code-field";
import { CopyLine } from "@/components/copy";
import { Dialog, DialogActs } from "@/components/dialog";
import { Form } from "@/components/form";
import { QrCode } from "@/components/qr-code";
import { acts } from "../api/queries";

/** Sets an authenticator app up: it counts once the app has shown a code. */
export function TotpDialog({
  begun,
  onDone,
  onClose,
}: {
  begun: AnswerOf<"/auth/factors/totp", "post">;
  onDone: (recoveryCodes: string[]) => void;
  onClose: () => void;
}) {
  const [code, setCode] = useState("");
  const confirm = useAct({
    mutationFn: () => acts.confirmTotp(code.trim()),
    onSuccess: (answer) => onDone(answer.recovery_codes),
    onError: () => setCode(""),
  });
  return (
    <Dialog
      open
      onClose={onClose}
      title="Set up an authenticator app"
      description="Scan this with the app on your phone, or type the key there. Then type the code that it shows."
    >
      <Form error={confirm.error} onSubmit={() => confirm.mutate()}>
        <div className="flex flex-wrap items-center gap-4">
          <QrCode text={begun.uri} label="QR code for your authenticator app" />
          <div className="min-w-48 flex-1 space-y-1">
            <p className="text-muted text-xs">Or type this key:</p>
            <CopyLine value={begun.secret} label="Copy the key" />
          </div>
        </div>
        <CodeField value={code} onChange={setCode} recovery={false} />
        <DialogActs>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" busy={confirm.isPending}>
            Turn it on
          </Button>
        </DialogActs>
      </Form>
    </Dialog>
  );
}
