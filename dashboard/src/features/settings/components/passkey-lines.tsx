import { useQueryClient } from "@tanstack/react-query";
import { Fingerprint } from "lucide-react";
import { useState } from "react";
import type { PasskeyRow } from "@/api/contract";
import { useAct } from "@/api/use-act";
import { Button } from "@/components/button";
import { useConfirm } from "@/components/confirm";
import { Dialog, DialogActs } from "@/components/dialog";
import { TextField } from "@/components/field";
import { Form } from "@/components/form";
import { notifyDone, notifyError } from "@/components/notify";
import { Time } from "@/components/time";
import { passkeysWork } from "@/lib/passkeys";
import { visibleLine } from "@/lib/visible-text";
import { acts, factorsKey } from "../api/queries";
import { FactorLine, type LineProps } from "./factor-line";

/** One's passkeys, and the way to another one. */
export function PasskeyLines({ factors, onCodes }: LineProps) {
  const [adding, setAdding] = useState(false);
  const possible = factors.passkeys_possible && passkeysWork();
  return (
    <>
      <FactorLine
        title="Passkeys"
        on={factors.passkeys.length > 0}
        text={
          possible
            ? "Your face, finger or PIN on your own device, in the place of the password or after it. No other site can ask for it."
            : "Browsers take passkeys only where this server is called by a name with https."
        }
      >
        {possible && (
          <Button
            size="small"
            variant={factors.passkeys.length > 0 ? "plain" : "primary"}
            onClick={() => setAdding(true)}
          >
            <Fingerprint aria-hidden="true" className="size-3" /> Add
          </Button>
        )}
      </FactorLine>
      {factors.passkeys.map((passkey) => (
        <PasskeyLine key={passkey.id} passkey={passkey} />
      ))}
      {adding && (
        <PasskeyDialog
          onClose={() => setAdding(false)}
          onDone={(codes) => {
            setAdding(false);
            onCodes(codes);
          }}
        />
      )}
    </>
  );
}

function PasskeyLine({ passkey }: { passkey: PasskeyRow }) {
  const cache = useQueryClient();
  const confirm = useConfirm();
  const name = visibleLine(passkey.name);
  const remove = useAct({
    mutationFn: () => acts.removePasskey(passkey.id),
    onSuccess: async () => {
      notifyDone(`The passkey “${name}” opens nothing any more.`);
      await cache.invalidateQueries({ queryKey: factorsKey });
    },
    onError: (error) => notifyError("The passkey was not removed.", error),
  });
  const ask = async () => {
    const sure = await confirm({
      title: `Remove the passkey “${name}”?`,
      consequence: "Nobody signs in by it any more. Your recovery codes go with your last factor.",
      act: "Remove",
    });
    if (sure) remove.mutate();
  };
  return (
    <FactorLine
      title={name}
      text={
        <>
          Passkey since <Time at={passkey.created_at} /> ·{" "}
          {passkey.last_used_at ? (
            <>
              last used <Time at={passkey.last_used_at} />
            </>
          ) : (
            "never used"
          )}
        </>
      }
    >
      <Button size="small" variant="danger" onClick={() => void ask()} busy={remove.isPending}>
        Remove
      </Button>
    </FactorLine>
  );
}

function PasskeyDialog({ onDone, onClose }: { onDone: (recoveryCodes: string[]) => void; onClose: () => void }) {
  const cache = useQueryClient();
  const [name, setName] = useState("");
  const add = useAct({
    mutationFn: () => acts.addPasskey(name.trim()),
    onSuccess: async (answer) => {
      await cache.invalidateQueries({ queryKey: factorsKey });
      onDone(answer.recovery_codes);
    },
  });
  return (
    <Dialog
      open
      onClose={onClose}
      title="Add a passkey"
      description="Give it a name by which you know the device again. Your browser then asks for your face, finger or PIN."
      className="md:w-[440px]"
    >
      <Form error={add.error} onSubmit={() => add.mutate()}>
        <TextField
          label="Name"
          name="name"
          placeholder="My laptop"
          required
          autoFocus
          maxLength={200}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <DialogActs>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" busy={add.isPending}>
            Go on
          </Button>
        </DialogActs>
      </Form>
    </Dialog>
  );
}
