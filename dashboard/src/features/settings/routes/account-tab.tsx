import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { KeyRound, LogOut } from "lucide-react";
import { useState } from "react";
import type { SignInSession } from "@/api/contract";
import { rowsOf, totalOf } from "@/api/queries";
import { forget } from "@/api/sign-in";
import { useAct } from "@/api/use-act";
import { roleOf, useMe } from "@/api/use-sign-in";
import { Badge } from "@/components/badge";
import { Button } from "@/components/button";
import { Card, CardHeader } from "@/components/card";
import { useConfirm } from "@/components/confirm";
import { SelectField } from "@/components/field";
import { notifyError } from "@/components/notify";
import { ErrorState, SkeletonLines } from "@/components/states";
import { Time } from "@/components/time";
import { count, counted } from "@/lib/format";
import { chooseTheme, type ThemeChoice, useThemeChoice } from "@/lib/theme";
import { visibleLine } from "@/lib/visible-text";
import { acts, signInsKey, signInsQuery } from "../api/queries";
import { PasswordDialog } from "../components/password-dialog";
import { SecondFactorCard } from "../components/second-factor-card";

export function AccountTab() {
  const me = useMe();
  const theme = useThemeChoice();
  const [changing, setChanging] = useState(false);
  return (
    <div className="max-w-3xl space-y-4">
      <Card>
        <CardHeader title="You">
          <Button size="small" onClick={() => setChanging(true)}>
            <KeyRound aria-hidden="true" className="size-3" /> Change password
          </Button>
        </CardHeader>
        <div className="grid gap-x-6 gap-y-3 p-4 text-sm sm:grid-cols-3">
          <p>
            <span className="block text-muted text-xs">Name</span>
            {me.name || "–"}
          </p>
          <p className="break-all">
            <span className="block text-muted text-xs">E-mail</span>
            {me.email}
          </p>
          <p>
            <span className="block text-muted text-xs">Role</span>
            {roleOf(me, me.role)}
            {me.partner_name && ` at ${me.partner_name}`}
          </p>
          <SelectField label="Theme" value={theme} onChange={(event) => chooseTheme(event.target.value as ThemeChoice)}>
            <option value="system">That of the system</option>
            <option value="dark">Dark</option>
            <option value="light">Light</option>
          </SelectField>
        </div>
      </Card>
      <SecondFactorCard />
      <SignIns />
      {changing && <PasswordDialog onClose={() => setChanging(false)} />}
    </div>
  );
}

function SignIns() {
  const signIns = useInfiniteQuery(signInsQuery);
  const confirm = useConfirm();
  const everywhere = useAct({
    mutationFn: acts.signOutEverywhere,
    onSuccess: () => forget(true),
    onError: (error) => notifyError("You are still signed in.", error),
  });
  const items = rowsOf(signIns.data);
  const total = totalOf(signIns.data) ?? items.length;
  const ask = async () => {
    const sure = await confirm({
      title: "Sign out everywhere?",
      consequence: `Ends ${counted(total, "sign-in")} at once, this one too. Open terminals end with them.`,
      act: "Sign out everywhere",
    });
    if (sure) everywhere.mutate();
  };
  return (
    <Card>
      <CardHeader title="Where you are signed in">
        <Button size="small" variant="danger" onClick={() => void ask()} busy={everywhere.isPending}>
          <LogOut aria-hidden="true" className="size-3" /> Sign out everywhere
        </Button>
      </CardHeader>
      {signIns.isPending ? (
        <SkeletonLines lines={3} className="p-4" />
      ) : signIns.isError && !signIns.data ? (
        <ErrorState error={signIns.error} what="We could not load your sign-ins." onRetry={() => signIns.refetch()} />
      ) : (
        <>
          <ul className="divide-y divide-line/60">
            {items.map((item) => (
              <SignInLine key={item.id} item={item} />
            ))}
          </ul>
          {signIns.hasNextPage && (
            <div className="border-t px-4 py-2.5">
              <Button size="small" onClick={() => void signIns.fetchNextPage()} busy={signIns.isFetchingNextPage}>
                Show more of {count(total)}
              </Button>
            </div>
          )}
        </>
      )}
    </Card>
  );
}

function SignInLine({ item }: { item: SignInSession }) {
  const cache = useQueryClient();
  const end = useAct({
    mutationFn: () => acts.endSignIn(item.id),
    onSuccess: () => cache.invalidateQueries({ queryKey: signInsKey }),
    onError: (error) => notifyError("The sign-in was not ended.", error),
  });
  return (
    <li className="flex items-center gap-3 px-4 py-2.5 text-sm">
      <span className="min-w-0 flex-1">
        <span className="flex items-center gap-2">
          <span className="truncate">{browserName(item.user_agent)}</span>
          {item.current && <Badge tone="ok">This browser</Badge>}
        </span>
        <span className="block truncate text-muted text-xs" title={item.user_agent ?? undefined}>
          <span className="font-mono">{item.address ?? "unknown address"}</span> · since <Time at={item.created_at} />
          {item.last_used_at && (
            <>
              {" "}
              · last used <Time at={item.last_used_at} />
            </>
          )}
        </span>
      </span>
      {!item.current && (
        <Button size="small" onClick={() => end.mutate()} busy={end.isPending}>
          End
        </Button>
      )}
    </li>
  );
}

const BROWSERS: [RegExp, string][] = [
  [/Edg\//, "Edge"],
  [/Firefox\//, "Firefox"],
  [/Chrome\//, "Chrome"],
  [/Safari\//, "Safari"],
];
const SYSTEMS: [RegExp, string][] = [
  [/Windows/, "Windows"],
  [/Android/, "Android"],
  [/iPhone|iPad/, "iOS"],
  [/Mac OS X/, "macOS"],
  [/Linux/, "Linux"],
];

/** "Firefox on Windows" where the browser says so, else its own words. */
function browserName(userAgent: string | null): string {
  if (!userAgent) return "Unknown program";
  const browser = BROWSERS.find(([pattern]) => pattern.test(userAgent))?.[1];
  const system = SYSTEMS.find(([pattern]) => pattern.test(userAgent))?.[1];
  return browser ? `${browser}${system ? ` on ${system}` : ""}` : visibleLine(userAgent).slice(0, 60);
}
