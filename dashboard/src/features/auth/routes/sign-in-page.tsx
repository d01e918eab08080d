import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { ApiError } from "@/api/errors";
import { adopt } from "@/api/sign-in";
import { useAct } from "@/api/use-act";
import { Button } from "@/components/button";
import { TextField } from "@/components/field";
import { Form } from "@/components/form";
import { signIn } from "../api/queries";
import { Entrance } from "../components/entrance";

const route = getRouteApi("/sign-in");

export function SignInPage() {
  const { return_to: returnTo } = route.useSearch();
  const navigate = useNavigate();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const submit = useAct({
    mutationFn: () => signIn(email.trim(), password),
    onSuccess: (answer) => {
      adopt(answer);
      void navigate({ to: returnTo ?? "/", replace: true });
    },
    onError: () => setPassword(""),
  });
  const wait = useCountdown(submit.error);
  return (
    <Entrance title="Sign in">
      <Form error={submit.error} onSubmit={() => submit.mutate()}>
        {returnTo && !submit.error && <p className="text-muted text-sm">Sign in to go on where you were.</p>}
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
      </Form>
      <p className="mt-6 text-muted text-xs">No account? Your Partner's admin can invite you.</p>
    </Entrance>
  );
}

/** Seconds until the server takes another attempt; 0 when it does already. */
function useCountdown(error: unknown): number {
  const [left, setLeft] = useState(0);
  useEffect(() => {
    const seconds = error instanceof ApiError && error.status === 429 ? (error.retryAfterSeconds ?? 0) : 0;
    setLeft(seconds);
    if (seconds === 0) return;
    const timer = setInterval(() => setLeft((value) => Math.max(0, value - 1)), 1000);
    return () => clearInterval(timer);
  }, [error]);
  return left;
}
