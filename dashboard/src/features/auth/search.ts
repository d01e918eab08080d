import { localPath, type RawSearch, textParam } from "@/lib/search-params";

export interface SignInSearch {
  /** The page to go on to. */
  return_to?: string;
}

export function validateSignInSearch(raw: RawSearch): SignInSearch {
  return { return_to: localPath(textParam(raw, "return_to")) };
}
