import { useState } from "react";
import type { SecondStep, SignedIn } from "@/api/contract";
import { ApiError } from "@/api/errors";
import { useAct } from "@/api/use-act";
import { Button } from "@/components/button";
import { CodeField } from "@/components/code-field";
import { Form } from "@/components/form";
import { useCountdown } from "@/components/use-countdown";
import { askPasskey, passkeysWork } from "@/lib/passkeys";
import { finishSignIn } from "../api/queries";

/** Asks for the second factor after the right password. */
export function SecondStepForm({
  step,
  onDone,
  onGone,
}: {
  step: SecondStep;
  onDone: (answer: SignedIn) => void;
  /** It has to be begun again: it took too long, or somebody thought better of it. */
  onGone: (error: Error | null) => void;
}) {
  const [code, setCode] = useState("");
  const [typing, setTyping] = useState(!passkeysWork() || !step.passkey);
  const finish = useAct({
    mutationFn: async () =>
      finishSignIn(step.step_token, typing ? { code: code.trim() } : { passkey: await askPasskey(step.passkey ?? {}) }),
    onSuccess: onDone,
    onError: (error) => {
      setCode("");
      if (!(error instanceof ApiError)) return;
      // What a passkey is asked for is good once: it is asked for again after the password.
      if (error.code === "step_gone" || (error.code === "passkey_refused" && !typing)) onGone(error);
    },
  });
  const wait = useCountdown(finish.error);
  return (
    <Form error={finish.error} onSubmit={() => finish.mutate()}>
      {typing ? (
        <CodeField value={code} onChange={setCode} app={step.methods.includes("totp")} />
      ) : (
        <p className="text-muted text-sm">Show your device that it is you.</p>
      )}
      <Button
        type="submit"
        variant="primary"
        className="h-9 w-full"
        busy={finish.isPending}
        disabled={wait > 0}
        autoFocus={!typing}
      >
        {wait > 0 ? `Try again in ${wait} s` : typing ? "Go on" : "Use a passkey"}
      </Button>
      {!typing && (
        <Button className="h-9 w-full" onClick={() => setTyping(true)}>
          {step.methods.includes("totp") ? "Type a code instead" : "Type a recovery code instead"}
        </Button>
      )}
      <Button variant="quiet" className="h-9 w-full" onClick={() => onGone(null)}>
        Back
      </Button>
    </Form>
  );
}
