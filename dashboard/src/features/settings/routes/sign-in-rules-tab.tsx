import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { SignInRules } from "@/api/contract";
import { useAct } from "@/api/use-act";
import { useLabel } from "@/api/use-sign-in";
import { Badge } from "@/components/badge";
import { Button } from "@/components/button";
import { Card, CardHeader } from "@/components/card";
import { useConfirm } from "@/components/confirm";
import { notifyDone, notifyError } from "@/components/notify";
import { ErrorState, SkeletonLines } from "@/components/states";
import { counted } from "@/lib/format";
import { acts, signInRulesQuery } from "../api/queries";

/** What a Partner asks of everybody who signs in. */
export function SignInRulesTab() {
  const rules = useQuery(signInRulesQuery);
  if (rules.isPending) return <SkeletonLines lines={3} className="max-w-3xl" />;
  if (rules.isError && !rules.data)
    return <ErrorState error={rules.error} what="We could not load the rules." onRetry={() => rules.refetch()} />;
  return <Rules rules={rules.data} />;
}

function Rules({ rules }: { rules: SignInRules }) {
  const cache = useQueryClient();
  const confirm = useConfirm();
  const label = useLabel();
  const change = useAct({
    mutationFn: acts.changeSignInRules,
    onSuccess: (saved) => {
      cache.setQueryData(signInRulesQuery.queryKey, saved);
      notifyDone(
        saved.second_factor ? "Everybody needs a second factor now." : "A second factor is up to each person.",
      );
    },
    onError: (error) => notifyError("Nothing was changed.", error),
  });
  const without = rules.people_without;
  const ask = async () => {
    const sure = await confirm(
      rules.second_factor
        ? {
            title: "Leave the second factor to each person?",
            consequence: "Those who have one keep it. Whoever has none signs in with a password alone.",
            act: "Leave it to them",
          }
        : {
            title: "Ask a second factor of everybody?",
            consequence:
              without === 0
                ? "Everybody has one already."
                : `${counted(without, "person", "people")} without one can do nothing here before they have set one up, within five minutes also those who are signed in.`,
            act: "Ask everybody",
          },
    );
    if (sure) change.mutate(!rules.second_factor);
  };
  return (
    <Card className="max-w-3xl">
      <CardHeader title="Second factor" />
      <div className="flex items-center gap-3 p-4 text-sm">
        <div className="min-w-0 flex-1">
          <p className="flex items-center gap-2">
            Everybody at this {label("partner")} needs one
            <Badge tone={rules.second_factor ? "ok" : "neutral"}>{rules.second_factor ? "On" : "Off"}</Badge>
          </p>
          <p className="mt-1 text-muted text-xs">
            {without === 0
              ? "Everybody who may sign in has one."
              : `${counted(without, "person", "people")} who may sign in ${without === 1 ? "has" : "have"} none.`}{" "}
            With a second factor, a stolen password alone opens nothing.
          </p>
        </div>
        <Button variant={rules.second_factor ? "plain" : "primary"} onClick={() => void ask()} busy={change.isPending}>
          {rules.second_factor ? "Turn off" : "Turn on"}
        </Button>
      </div>
    </Card>
  );
}
