import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { refresh } from "@/api/sign-in";
import { useAct } from "@/api/use-act";
import { useLabel, useSignIn } from "@/api/use-sign-in";
import { Button } from "@/components/button";
import { ConfirmProvider } from "@/components/confirm";
import { ErrorNote } from "@/components/states";
import { factorsQuery, SecondFactorCard } from "@/features/settings";
import { Entrance } from "../components/entrance";

/** Where who has no second factor is led, at a Partner that asks for one: there is nothing else for them before. */
export function SecondFactorPage() {
  const { status, me } = useSignIn();
  const navigate = useNavigate();
  useEffect(() => {
    if (status === "unknown") void refresh();
    else if (status === "signed-out") void navigate({ to: "/sign-in", replace: true });
    else if (!me?.needs_factor) void navigate({ to: "/", replace: true });
  }, [status, me, navigate]);
  if (!me?.needs_factor) return <Entrance title="Second factor">{null}</Entrance>;
  return (
    <ConfirmProvider>
      <SetUp />
    </ConfirmProvider>
  );
}

function SetUp() {
  const label = useLabel();
  const factors = useQuery(factorsQuery);
  const done = factors.data !== undefined && (factors.data.totp || factors.data.passkeys.length > 0);
  const goOn = useAct({ mutationFn: refresh });
  return (
    <Entrance title="Set up a second factor" wide>
      <div className="space-y-4">
        <p className="text-muted">
          Your {label("partner")} asks for one of everybody. Set up either of these, and go on.
        </p>
        <SecondFactorCard />
        <ErrorNote error={goOn.error} />
        <Button
          variant="primary"
          className="h-9 w-full"
          disabled={!done}
          busy={goOn.isPending}
          onClick={() => goOn.mutate()}
        >
          Go on
        </Button>
      </div>
    </Entrance>
  );
}
