import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Smartphone } from "lucide-react";
import { useState } from "react";
import type { AnswerOf } from "@/api/paths";
import { useAct } from "@/api/use-act";
import { Button } from "@/components/button";
import { Card, CardHeader } from "@/components/card";
import { useConfirm } from "@/components/confirm";
import { notifyDone, notifyError } from "@/components/notify";
import { ErrorState, SkeletonLines } from "@/components/states";
import { counted } from "@/lib/format";
import { acts, factorsKey, factorsQuery } from "../api/queries";
import { FactorLine, type LineProps } from "./factor-line";
import { PasskeyLines } from "./passkey-lines";
import { RecoveryCodesDialog } from "./recovery-codes-dialog";
import { TotpDialog } from "./totp-dialog";

/** By what somebody signs in beside their password. */
export function SecondFactorCard() {
  const factors = useQuery(factorsQuery);
  const [codes, setCodes] = useState<string[]>([]);
  return (
    <Card>
      <CardHeader title="Second factor" />
      {factors.isPending ? (
        <SkeletonLines lines={2} className="p-4" />
      ) : factors.isError && !factors.data ? (
        <ErrorState error={factors.error} what="We could not load your factors." onRetry={() => factors.refetch()} />
      ) : (
        <ul className="divide-y divide-line/60">
          <TotpLine factors={factors.data} onCodes={setCodes} />
          <PasskeyLines factors={factors.data} onCodes={setCodes} />
          {(factors.data.totp || factors.data.passkeys.length > 0) && (
            <CodesLine factors={factors.data} onCodes={setCodes} />
          )}
        </ul>
      )}
      {codes.length > 0 && <RecoveryCodesDialog codes={codes} onClose={() => setCodes([])} />}
    </Card>
  );
}

function TotpLine({ factors, onCodes }: LineProps) {
  const cache = useQueryClient();
  const confirm = useConfirm();
  const [begun, setBegun] = useState<AnswerOf<"/auth/factors/totp", "post"> | null>(null);
  const changed = () => cache.invalidateQueries({ queryKey: factorsKey });
  const begin = useAct({
    mutationFn: acts.beginTotp,
    onSuccess: setBegun,
    onError: (error) => notifyError("Nothing was set up.", error),
  });
  const remove = useAct({
    mutationFn: acts.removeTotp,
    onSuccess: async () => {
      notifyDone("The authenticator app is turned off.");
      await changed();
    },
    onError: (error) => notifyError("It is still turned on.", error),
  });
  const askToRemove = async () => {
    const sure = await confirm({
      title: "Turn the authenticator app off?",
      consequence: "Whoever knows your password can then sign in as you. Your recovery codes go with your last factor.",
      act: "Turn it off",
    });
    if (sure) remove.mutate();
  };
  return (
    <FactorLine
      title="Authenticator app"
      on={factors.totp}
      text={
        factors.totp
          ? "A code from your phone is asked for after the password."
          : "A code from your phone, asked for after the password: a stolen password alone opens nothing then."
      }
    >
      {factors.totp ? (
        <Button size="small" variant="danger" onClick={() => void askToRemove()} busy={remove.isPending}>
          Turn off
        </Button>
      ) : (
        <Button size="small" variant="primary" onClick={() => begin.mutate()} busy={begin.isPending}>
          <Smartphone aria-hidden="true" className="size-3" /> Set up
        </Button>
      )}
      {begun && (
        <TotpDialog
          begun={begun}
          onClose={() => setBegun(null)}
          onDone={(codes) => {
            setBegun(null);
            onCodes(codes);
            void changed();
          }}
        />
      )}
    </FactorLine>
  );
}

function CodesLine({ factors, onCodes }: LineProps) {
  const cache = useQueryClient();
  const confirm = useConfirm();
  const make = useAct({
    mutationFn: acts.newRecoveryCodes,
    onSuccess: async (answer) => {
      onCodes(answer.recovery_codes);
      await cache.invalidateQueries({ queryKey: factorsKey });
    },
    onError: (error) => notifyError("No new codes were made.", error),
  });
  const ask = async () => {
    const sure = await confirm({
      title: "Make new recovery codes?",
      consequence: `Makes ${counted(10, "code")}. Those that you have now are void.`,
      act: "Make new ones",
    });
    if (sure) make.mutate();
  };
  const left = factors.recovery_codes;
  return (
    <FactorLine
      title="Recovery codes"
      text={
        left === 0
          ? "None is left. Make new ones before you need them."
          : `${counted(left, "code")} left, each for one sign-in without your second factor.`
      }
      warn={left < 3}
    >
      <Button size="small" onClick={() => void ask()} busy={make.isPending}>
        Make new ones
      </Button>
    </FactorLine>
  );
}
