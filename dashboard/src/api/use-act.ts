import { hashKey, type UseMutationOptions, type UseMutationResult, useMutation } from "@tanstack/react-query";
import { useCallback, useRef } from "react";

/** A press that comes this soon after the same act was done belongs to it: a worn mouse clicks twice. */
const SAME_PRESS_MS = 400;

/**
 * `useMutation` for everything that changes something, and the only way to it: what is asked for again while it is being
 * done, or by the bounce of the same press, is done once. With other variables it is another act.
 */
export function useAct<Data, Variables = void>(
  options: UseMutationOptions<Data, Error, Variables>,
): UseMutationResult<Data, Error, Variables> {
  const last = useRef({ asked: "", until: 0 });
  const mutation = useMutation<Data, Error, Variables>({
    ...options,
    onSettled: (data, error, variables, ...rest) => {
      if (last.current.asked === hashKey([variables]))
        last.current.until = error === null ? performance.now() + SAME_PRESS_MS : 0;
      return options.onSettled?.(data, error, variables, ...rest);
    },
  });
  const start = mutation.mutate;
  const mutate = useCallback<typeof start>(
    (...given) => {
      const asked = hashKey([given[0]]);
      if (last.current.asked === asked && performance.now() < last.current.until) return;
      last.current = { asked, until: Number.POSITIVE_INFINITY };
      start(...given);
    },
    [start],
  );
  return { ...mutation, mutate };
}
