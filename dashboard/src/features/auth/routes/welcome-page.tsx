import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import type { SecondStep, SignedIn } from "@/api/contract";
import { ApiError } from "@/api/errors";
import { adopt } from "@/api/sign-in";
import { useAct } from "@/api/use-act";
import { roleOf } from "@/api/use-sign-in";
import { Button } from "@/components/button";
import { TextField } from "@/components/field";
import { Form } from "@/components/form";
import { charactersToGo, NewPasswordField } from "@/components/new-password-field";
import { ErrorState, SkeletonLines } from "@/components/states";
import { acceptInvitation, isSecondStep, judgePassword, readInvitation } from "../api/queries";
import { Entrance } from "../components/entrance";
import { SecondStepForm } from "../components/second-step-form";

const route = getRouteApi("/welcome/$token");

export function WelcomePage() {
  const { token } = route.useParams();
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const invitation = useQuery({
    queryKey: ["invitation", token],
    queryFn: () => readInvitation(token),
    retry: false,
    staleTime: Infinity,
  });
  const invitedName = invitation.data?.name;
  useEffect(() => setName(invitedName ?? ""), [invitedName]);
  const [step, setStep] = useState<SecondStep | null>(null);
  const enter = (answer: SignedIn) => {
    adopt(answer);
    void navigate({ to: "/", replace: true });
  };
  const accept = useAct({
    mutationFn: () => acceptInvitation(token, password, name.trim()),
    onSuccess: (answer) => (isSecondStep(answer) ? setStep(answer) : enter(answer)),
  });
  if (step !== null) {
    return (
      <Entrance title="Your second factor">
        <SecondStepForm step={step} onDone={enter} onGone={() => void navigate({ to: "/sign-in", replace: true })} />
      </Entrance>
    );
  }
  if (invitation.isPending) {
    return (
      <Entrance title="Welcome">
        <SkeletonLines lines={4} />
      </Entrance>
    );
  }
  if (invitation.isError) {
    return invitation.error instanceof ApiError && invitation.error.status === 404 ? (
      <Entrance title="This link is no longer good">
        <p className="text-muted">It was used already, or it expired. Ask whoever invited you for a new one.</p>
        <Link to="/sign-in" className="mt-4 inline-block text-accent hover:underline">
          Go to sign in
        </Link>
      </Entrance>
    ) : (
      <Entrance title="Welcome">
        <ErrorState
          error={invitation.error}
          what="We could not read your invitation."
          kept="The link stays good."
          onRetry={() => invitation.refetch()}
        />
      </Entrance>
    );
  }
  const { email, partner_name: partner, role } = invitation.data;
  return (
    <Entrance title={partner ? `Welcome to ${partner}` : "Welcome"}>
      <Form error={accept.error} onSubmit={() => accept.mutate()}>
        <p className="text-muted">
          You join as {roleOf({ labels: {} }, role)} with the address <span className="text-ink">{email}</span>. Choose
          a password to begin.
        </p>
        <TextField
          label="Name"
          name="name"
          autoComplete="name"
          required
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <NewPasswordField
          label="Password"
          name="password"
          autoFocus
          value={password}
          onChange={setPassword}
          judge={(chosen) => judgePassword(token, chosen)}
        />
        <Button
          type="submit"
          variant="primary"
          className="h-9 w-full"
          busy={accept.isPending}
          disabled={charactersToGo(password) > 0}
        >
          Start
        </Button>
      </Form>
    </Entrance>
  );
}
