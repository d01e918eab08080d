import type { Problem } from "./contract";
import { ApiError } from "./errors";
import type { AnswerOf, Method, PathOf, RequestArgument, TextPath } from "./paths";
import { accessToken, forget, refresh } from "./sign-in";
import { proveAgain } from "./step-up";
import { Submissions } from "./submissions";

interface Asked {
  path?: Record<string, string>;
  query?: Record<string, unknown>;
  body?: unknown;
  signal?: AbortSignal;
  /** By which the server knows that a request is one that it has seen already. */
  idempotencyKey?: string;
}

const submissions = new Submissions();
/** What is asked with a POST and makes nothing, or what is good once. Passwords among it are not kept for a next try. */
const MAKES_NOTHING = /^\/auth\/|\/preview$|\/ticket(\/|$)/;

/** Sends a request and returns the answer of a success; throws ApiError for everything else. */
type Ask = (method: Method, path: string, asked: Asked) => Promise<Response>;

/** `?a=1&b=2` of the values that are set; empty strings count as not set. */
export function queryString(query: Record<string, unknown> = {}): string {
  const parts = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== "") parts.set(name, String(value));
  }
  const text = parts.toString();
  return text === "" ? "" : `?${text}`;
}

/** A path of the document with its places filled; a value is one segment, whatever stands in it. */
export function filled(path: string, values: Record<string, string> = {}): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`${path} is asked for without ${name}`);
    return encodeURIComponent(value);
  });
}

/**
 * A request with the token of whoever is signed in. Where the server wants proof that it is they, they are asked for it,
 * and the same request is sent once more.
 */
const signedIn: Ask = async (method, path, asked) => {
  const response = await withToken(method, path, asked);
  if (!(await wantsProof(response)) || !(await proveAgain())) return successful(response);
  return successful(await withToken(method, path, asked));
};

async function wantsProof(response: Response): Promise<boolean> {
  if (response.status !== 403) return false;
  const { code } = (await response
    .clone()
    .json()
    .catch(() => ({}))) as Partial<Problem>;
  return code === "step_up_required";
}

/** A 401 renews the token once and asks again; a second one ends the sign-in in this tab. */
async function withToken(method: Method, path: string, asked: Asked): Promise<Response> {
  let response = await send(method, path, asked, await accessToken());
  if (response.status === 401 && (await refresh())) {
    response = await send(method, path, asked, await accessToken());
    if (response.status === 401) forget();
  }
  return response;
}

/** A request before anybody is signed in (sign-in, invitations). */
const nobody: Ask = async (method, path, asked) => successful(await send(method, path, asked, null));

async function send(method: Method, path: string, asked: Asked, token: string | null): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json, */*;q=0.5" };
  if (token !== null) headers.Authorization = `Bearer ${token}`;
  if (asked.body !== undefined) headers["Content-Type"] = "application/json";
  if (asked.idempotencyKey !== undefined) headers["Idempotency-Key"] = asked.idempotencyKey;
  try {
    return await fetch(`/api/v1${filled(path, asked.path)}${queryString(asked.query)}`, {
      method: method.toUpperCase(),
      headers,
      body: asked.body === undefined ? undefined : JSON.stringify(asked.body),
      signal: asked.signal,
      credentials: "same-origin",
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, { code: "unreachable" });
  }
}

async function successful(response: Response): Promise<Response> {
  if (response.ok) return response;
  const body = (await response.json().catch(() => ({}))) as Partial<Problem>;
  const wait = Number(response.headers.get("Retry-After"));
  throw new ApiError(response.status, body, Number.isFinite(wait) && wait > 0 ? wait : null);
}

async function json(response: Response): Promise<unknown> {
  return response.status === 204 ? undefined : response.json();
}

/** The server's API, one function a method: path, request and answer are those of its OpenAPI document. */
function client(ask: Ask) {
  const call = async (method: Method, path: string, asked: Asked = {}) => json(await ask(method, path, asked));
  const submit = (path: string, asked: Asked) => {
    if (MAKES_NOTHING.test(path)) return call("post", path, asked);
    return submissions.once(JSON.stringify([path, asked.path, asked.query, asked.body]), (idempotencyKey) =>
      call("post", path, { ...asked, idempotencyKey }),
    );
  };
  return {
    get: <P extends PathOf<"get">>(path: P, ...[asked]: RequestArgument<P, "get">) =>
      call("get", path, asked as Asked) as Promise<AnswerOf<P, "get">>,
    post: <P extends PathOf<"post">>(path: P, ...[asked]: RequestArgument<P, "post">) =>
      submit(path, { body: {}, ...(asked as Asked) }) as Promise<AnswerOf<P, "post">>,
    patch: <P extends PathOf<"patch">>(path: P, ...[asked]: RequestArgument<P, "patch">) =>
      call("patch", path, asked as Asked) as Promise<AnswerOf<P, "patch">>,
    delete: <P extends PathOf<"delete">>(path: P, ...[asked]: RequestArgument<P, "delete">) =>
      call("delete", path, asked as Asked) as Promise<AnswerOf<P, "delete">>,
    /** As `get`, for answers that are plain text. */
    text: async <P extends TextPath>(path: P, ...[asked]: RequestArgument<P, "get">) =>
      (await ask("get", path, (asked ?? {}) as Asked)).text(),
  };
}

export const api = client(signedIn);
export const anonymousApi = client(nobody);
