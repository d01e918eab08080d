import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { ColumnDef } from "@tanstack/react-table";
import { Ellipsis, ShieldCheck, UserPlus, Users } from "lucide-react";
import { useMemo, useState } from "react";
import type { UserRow } from "@/api/contract";
import type { SortOf } from "@/api/paths";
import { useAct } from "@/api/use-act";
import { Badge } from "@/components/badge";
import { Button, IconButton } from "@/components/button";
import { useConfirm } from "@/components/confirm";
import "@/components/data-table/columns";
import { roleOf, useCan, useMe } from "@/api/use-sign-in";
import { ListTable } from "@/components/data-table/list-table";
import { InvitationDialog } from "@/components/invitation-dialog";
import { Menu } from "@/components/menu";
import { notifyDone, notifyError } from "@/components/notify";
import { SearchField } from "@/components/search-field";
import { EmptyState } from "@/components/states";
import { Time } from "@/components/time";
import { words } from "@/lib/format";
import { acts, usersKey, usersQuery } from "../api/queries";
import { UserDialog } from "../components/user-dialog";

const rowId = (user: UserRow) => user.id;
const route = getRouteApi("/app/settings/users");
type Asking = { kind: "invite" } | { kind: "edit"; user: UserRow } | { kind: "link"; url: string; email: string };

export function UsersTab() {
  const canWrite = useCan("users.write");
  const me = useMe();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [asking, setAsking] = useState<Asking | null>(null);
  const users = useInfiniteQuery(usersQuery({ ...search }));
  const change = useUserActs((url, email) => setAsking({ kind: "link", url, email }));
  const columns = useMemo<ColumnDef<UserRow, unknown>[]>(
    () => [
      {
        id: "name",
        header: "Person",
        meta: { sort: "name" },
        cell: ({ row: { original: user } }) => (
          <span className="flex items-center gap-2">
            <span className="min-w-0">
              <span className="block truncate">
                {user.name || user.email}
                {user.id === me.user_id && <span className="text-muted"> (you)</span>}
              </span>
              <span className="block truncate text-muted text-xs md:hidden">{user.email}</span>
            </span>
          </span>
        ),
      },
      {
        id: "email",
        header: "E-mail",
        meta: { sort: "email", className: "max-md:hidden" },
        cell: ({ row }) => <span className="text-muted">{row.original.email}</span>,
      },
      {
        id: "role",
        header: "Role",
        meta: { sort: "role", className: "w-48 max-md:w-28" },
        cell: ({ row: { original: user } }) => (
          <>
            {roleOf(me, user.role)}
            {user.client_name && <span className="text-muted"> of {user.client_name}</span>}
          </>
        ),
      },
      {
        id: "state",
        header: "State",
        meta: { className: "w-28 max-md:hidden" },
        cell: ({ row: { original: user } }) => (
          <span className="flex items-center gap-1.5">
            <Badge tone={user.state === "active" ? "ok" : user.state === "invited" ? "info" : "neutral"}>
              {words(user.state)}
            </Badge>
            {user.second_factor && (
              <ShieldCheck aria-label="Has a second factor" className="size-3.5 text-muted" strokeWidth={1.75} />
            )}
          </span>
        ),
      },
      {
        id: "seen",
        header: "Last sign-in",
        meta: { sort: "last_sign_in_at", downFirst: true, className: "w-32 max-lg:hidden" },
        cell: ({ row }) => <Time at={row.original.last_sign_in_at} className="text-muted" />,
      },
      {
        id: "acts",
        header: () => <span className="sr-only">Acts</span>,
        meta: { className: "w-16 md:w-18", right: true },
        cell: ({ row: { original: user } }) =>
          canWrite && user.id !== me.user_id ? (
            <Menu
              items={[
                { label: "Change name or role", onSelect: () => setAsking({ kind: "edit", user }) },
                {
                  label: user.state === "active" ? "Link for a new password" : "New invitation link",
                  onSelect: () => change.link(user),
                },
                {
                  label: user.state === "disabled" ? "Allow to sign in" : "Stop from signing in",
                  onSelect: () => void change.disable(user),
                },
                ...(user.second_factor
                  ? [{ label: "Take the second factor away", onSelect: () => void change.resetFactors(user) }]
                  : []),
                { label: "Delete", danger: true, onSelect: () => void change.remove(user) },
              ]}
              trigger={
                <IconButton label={`Acts for ${user.name || user.email}`} className="size-7">
                  <Ellipsis aria-hidden="true" className="size-4" />
                </IconButton>
              }
            />
          ) : null,
      },
    ],
    [canWrite, me, change],
  );
  return (
    <>
      <div className="flex flex-wrap items-center gap-2 pb-3">
        <SearchField
          value={search.search}
          onChange={(text) => navigate({ search: { ...search, search: text }, replace: true })}
          label="Search users"
          placeholder="Name or e-mail…"
          className="min-w-48 flex-1 md:max-w-sm"
        />
        {canWrite && (
          <Button variant="primary" className="ml-auto" onClick={() => setAsking({ kind: "invite" })}>
            <UserPlus aria-hidden="true" className="size-4" /> Invite
          </Button>
        )}
      </div>
      <div className="-mx-4 md:-mx-6 -mb-6 flex min-h-0 flex-1 flex-col border-t">
        <ListTable<UserRow, SortOf<"/users">>
          name="Users"
          what="the users"
          list={users}
          columns={columns}
          rowId={rowId}
          sort={search.sort}
          onSort={(sort) => navigate({ search: { ...search, sort }, replace: true })}
          empty={
            <EmptyState icon={Users}>
              {search.search ? "Nobody matches." : "The people who may sign in will be listed here."}
            </EmptyState>
          }
        />
      </div>
      {asking?.kind === "invite" && (
        <UserDialog
          onClose={() => setAsking(null)}
          onInvited={(url, email) => setAsking({ kind: "link", url, email })}
        />
      )}
      {asking?.kind === "edit" && <UserDialog user={asking.user} onClose={() => setAsking(null)} />}
      {asking?.kind === "link" && (
        <InvitationDialog url={asking.url} email={asking.email} onClose={() => setAsking(null)} />
      )}
    </>
  );
}

function useUserActs(onLink: (url: string, email: string) => void) {
  const cache = useQueryClient();
  const confirm = useConfirm();
  const refresh = () => cache.invalidateQueries({ queryKey: usersKey });
  const link = useAct({
    mutationFn: (user: UserRow) => acts.inviteAgain(user.id),
    onSuccess: (answer, user) => onLink(answer.invitation_url, user.email),
    onError: (error) => notifyError("No link was made.", error),
  });
  const disable = useAct({
    mutationFn: (user: UserRow) => acts.changeUser(user.id, { disabled: user.state !== "disabled" }),
    onSuccess: refresh,
    onError: (error) => notifyError("Nothing was changed.", error),
  });
  const resetFactors = useAct({
    mutationFn: (user: UserRow) => acts.resetFactors(user.id),
    onSuccess: async () => {
      notifyDone("They sign in with their password alone now.");
      await refresh();
    },
    onError: (error) => notifyError("Nothing was changed.", error),
  });
  const remove = useAct({
    mutationFn: (user: UserRow) => acts.deleteUser(user.id),
    onSuccess: async () => {
      notifyDone("The user was deleted.");
      await refresh();
    },
    onError: (error) => notifyError("The user was not deleted.", error),
  });
  return {
    link: (user: UserRow) => link.mutate(user),
    disable: async (user: UserRow) => {
      const stop = user.state !== "disabled";
      const sure =
        !stop ||
        (await confirm({
          title: `Stop ${user.name || user.email} from signing in?`,
          consequence: "Ends all sign-ins of 1 person at once. You can allow it again.",
          act: "Stop",
        }));
      if (sure) disable.mutate(user);
    },
    resetFactors: async (user: UserRow) => {
      const sure = await confirm({
        title: `Take the second factor of ${user.name || user.email} away?`,
        consequence:
          "Do it when they lost it, and are surely who asks you. Ends all their sign-ins; their password is then enough.",
        act: "Take it away",
      });
      if (sure) resetFactors.mutate(user);
    },
    remove: async (user: UserRow) => {
      const sure = await confirm({
        title: "Delete this user?",
        consequence: `Deletes 1 user, ${user.email}, and ends their sign-ins. What they did stays in the audit.`,
        act: "Delete",
      });
      if (sure) remove.mutate(user);
    },
  };
}
