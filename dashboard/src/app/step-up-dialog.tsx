import { useQuery } from "@tanstack/react-query";
import { Fingerprint } from "lucide-react";
import { useEffect, useState } from "react";
import type { SignedIn, StepUpMethods } from "@/api/contract";
import { api } from "@/api/http";
import { adopt } from "@/api/sign-in";
import { onStepUp } from "@/api/step-up";
import { useAct } from "@/api/use-act";
import { useMe } from "@/api/use-sign-in";
import { Button } from "@/components/button";
import { CodeField } from "@/components/code-field";
import { Dialog, DialogActs } from "@/components/dialog";
import { TextField } from "@/components/field";
import { Form } from "@/components/form";
import { SkeletonLines } from "@/components/states";
import { askPasskey, passkeysWork } from "@/lib/passkeys";

/** Asks whoever is signed in to prove that it is they, when an act takes it. What was asked for then goes on by itself. */
export function StepUpDialog() {
  const [asking, setAsking] = useState<{ settle: (proved: boolean) => void } | null>(null);
  useEffect(() => onStepUp(() => new Promise((settle) => setAsking({ settle }))), []);
  // Whoever waits must not wait for ever for a dialog that is gone.
  useEffect(() => () => asking?.settle(false), [asking]);
  if (asking === null) return null;
  const close = (proved: boolean) => {
    asking.settle(proved);
    setAsking(null);
  };
  return <Question onProved={() => close(true)} onClose={() => close(false)} />;
}

function Question({ onProved, onClose }: { onProved: () => void; onClose: () => void }) {
  const me = useMe();
  const [typed, setTyped] = useState("");
  const methods = useQuery({
    queryKey: ["step-up"],
    queryFn: ({ signal }) => api.get("/auth/step-up", { signal }),
    staleTime: 0,
    gcTime: 0,
  });
  const takes = (method: StepUpMethods["methods"][number]) => methods.data?.methods.includes(method) ?? false;
  const byPassword = takes("password");
  const onSuccess = (answer: SignedIn) => {
    adopt(answer);
    onProved();
  };
  const prove = useAct({
    mutationFn: () => api.post("/auth/step-up", { body: byPassword ? { password: typed } : { code: typed.trim() } }),
    onSuccess,
    onError: () => setTyped(""),
  });
  const byPasskey = useAct({
    mutationFn: async () => {
      const { options } = await api.post("/auth/step-up/passkey");
      return api.post("/auth/step-up", { body: { passkey: await askPasskey(options) } });
    },
    onSuccess,
  });
  return (
    <Dialog
      open
      onClose={onClose}
      title="Is it you?"
      description="This can do harm, so it takes fresh proof. It then goes on by itself, and is good for ten minutes."
      className="md:w-[440px]"
    >
      <Form error={prove.error ?? byPasskey.error ?? methods.error} onSubmit={() => prove.mutate()}>
        <input type="email" name="email" autoComplete="username" value={me.email} readOnly hidden />
        {methods.isPending ? (
          <SkeletonLines lines={2} />
        ) : byPassword ? (
          <TextField
            label="Password"
            name="password"
            type="password"
            autoComplete="current-password"
            required
            autoFocus
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
        ) : (
          <CodeField value={typed} onChange={setTyped} app={takes("totp")} />
        )}
        <DialogActs>
          <Button onClick={onClose}>Don't</Button>
          {takes("passkey") && passkeysWork() && (
            <Button busy={byPasskey.isPending} onClick={() => byPasskey.mutate()}>
              <Fingerprint aria-hidden="true" className="size-4" /> Use a passkey
            </Button>
          )}
          <Button type="submit" variant="primary" busy={prove.isPending} disabled={!methods.isSuccess}>
            It is me
          </Button>
        </DialogActs>
      </Form>
    </Dialog>
  );
}
