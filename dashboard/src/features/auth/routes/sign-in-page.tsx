import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { Fingerprint } from "lucide-react";
import { useState } from "react";
import type { SecondStep, SignedIn } from "@/api/contract";
import { adopt } from "@/api/sign-in";
import { useAct } from "@/api/use-act";
import { Button } from "@/components/button";
import { TextField } from "@/components/field";
import { Form } from "@/components/form";
import { useCountdown } from "@/components/use-countdown";
import { passkeysWork } from "@/lib/passkeys";
import { isSecondStep, signIn, signInByPasskey } from "../api/queries";
import { Entrance } from "../components/entrance";
import { SecondStepForm } from "../components/second-step-form";

const route = getRouteApi("/sign-in");

export function SignInPage() {
  const { return_to: returnTo } = route.useSearch();
  const navigate = useNavigate();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [step, setStep] = useState<SecondStep | null>(null);
  const [gone, setGone] = useState<Error | null>(null);
  const enter = (answer: SignedIn) => {
    adopt(answer);
    void navigate({ to: returnTo ?? "/", replace: true });
  };
  const byPasskey = useAct({ mutationFn: signInByPasskey, onMutate: () => setGone(null), onSuccess: enter });
  const submit = useAct({
    mutationFn: () => signIn(email.trim(), password),
    onMutate: () => {
      setGone(null);
      byPasskey.reset();
    },
    onSuccess: (answer) => (isSecondStep(answer) ? setStep(answer) : enter(answer)),
    onSettled: () => setPassword(""),
  });
  const wait = useCountdown(submit.error);
  if (step !== null) {
    return (
      <Entrance title="Your second factor">
        <SecondStepForm
          step={step}
          onDone={enter}
          onGone={(error) => {
            setStep(null);
            setGone(error);
          }}
        />
      </Entrance>
    );
  }
  const error = submit.error ?? byPasskey.error ?? gone;
  return (
    <Entrance title="Sign in">
      <Form error={error} onSubmit={() => submit.mutate()}>
        {returnTo && !error && <p className="text-muted text-sm">Sign in to go on where you were.</p>}
        <TextField
          label="E-mail"
          type="email"
          name="email"
          autoComplete="username"
          required
          autoFocus
          value={email}
          onChange={(event) => setEmail(event.target.value)}
        />
        <TextField
          label="Password"
          type="password"
          name="password"
          autoComplete="current-password"
          required
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
        <Button type="submit" variant="primary" className="h-9 w-full" busy={submit.isPending} disabled={wait > 0}>
          {wait > 0 ? `Try again in ${wait} s` : "Sign in"}
        </Button>
        {passkeysWork() && (
          <Button
            className="h-9 w-full"
            busy={byPasskey.isPending}
            onClick={() => {
              submit.reset();
              byPasskey.mutate();
            }}
          >
            <Fingerprint aria-hidden="true" className="size-4" /> Use a passkey
          </Button>
        )}
      </Form>
      <p className="mt-6 text-muted text-xs">No account? Your Partner's admin can invite you.</p>
    </Entrance>
  );
}
