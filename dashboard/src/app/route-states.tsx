import { type ErrorComponentProps, Link, useRouter } from "@tanstack/react-router";
import { useLabel } from "@/api/use-sign-in";
import { ErrorState, SkeletonLines } from "@/components/states";

export function RouteError({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const retry = () => {
    reset();
    void router.invalidate();
  };
  return (
    <div className="grid min-h-80 place-items-center">
      <ErrorState error={error} what="This page could not be shown." kept="Nothing was changed." onRetry={retry} />
    </div>
  );
}

export function RouteNotFound() {
  const label = useLabel();
  return (
    <div className="grid min-h-80 place-items-center px-6 text-center">
      <div>
        <h1 className="text-lg font-semibold">There is nothing at this address.</h1>
        <p className="mt-1 text-muted">It may have been deleted, or it belongs to another {label("partner")}.</p>
        <Link to="/" className="mt-4 inline-block text-accent hover:underline">
          Go to the first page
        </Link>
      </div>
    </div>
  );
}

/** A section that this person's role does not have, reached by an address that somebody sent. */
export function NotForThisRole() {
  const label = useLabel();
  return (
    <div className="grid min-h-80 place-items-center px-6 text-center">
      <div>
        <h1 className="text-lg font-semibold">This page is not part of your role.</h1>
        <p className="mt-1 text-muted">Ask a {label("partner")} admin, if you need what is on it.</p>
        <Link to="/" className="mt-4 inline-block text-accent hover:underline">
          Go to the first page
        </Link>
      </div>
    </div>
  );
}

export function PagePending() {
  return (
    <div className="p-6">
      <SkeletonLines lines={6} className="max-w-xl" />
    </div>
  );
}
