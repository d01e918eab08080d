import { ApiError } from "./errors";
import { accessToken, forget, refresh } from "./session";

type QueryValue = string | number | boolean | null | undefined;
export type Query = Record<string, QueryValue>;

export interface RequestOptions {
  query?: Query;
  body?: unknown;
  signal?: AbortSignal;
}

/** `?a=1&b=2` of the values that are set; empty strings count as not set. */
export function queryString(query: Query = {}): string {
  const parts = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== "") parts.set(name, String(value));
  }
  const text = parts.toString();
  return text === "" ? "" : `?${text}`;
}

/**
 * One request to `/api/v1`, with the token of whoever is signed in. A 401 renews the token once and asks again;
 * a second one ends the session in this tab. Throws ApiError for every answer that is not a success.
 */
export async function request<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
  const response = await authorised(method, path, options);
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}

/** As `request`, for answers that are plain text (recordings). */
export async function requestText(path: string, options: RequestOptions = {}): Promise<string> {
  return (await authorised("GET", path, options)).text();
}

/** A request before anybody is signed in (sign-in, invitations). */
export async function requestAnonymous<T>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await send(method, path, { body }, null);
  if (!response.ok) throw await errorOf(response);
  return (await response.json()) as T;
}

async function authorised(method: string, path: string, options: RequestOptions): Promise<Response> {
  let response = await send(method, path, options, await accessToken());
  if (response.status === 401 && (await refresh())) {
    response = await send(method, path, options, await accessToken());
    if (response.status === 401) forget();
  }
  if (!response.ok) throw await errorOf(response);
  return response;
}

async function send(method: string, path: string, options: RequestOptions, token: string | null): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json, */*;q=0.5" };
  if (token !== null) headers.Authorization = `Bearer ${token}`;
  if (options.body !== undefined) headers["Content-Type"] = "application/json";
  try {
    return await fetch(`/api/v1${path}${queryString(options.query)}`, {
      method,
      headers,
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
      signal: options.signal,
      credentials: "same-origin",
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, { code: "unreachable" });
  }
}

async function errorOf(response: Response): Promise<ApiError> {
  const body = (await response.json().catch(() => ({}))) as object;
  const wait = Number(response.headers.get("Retry-After"));
  return new ApiError(response.status, body, Number.isFinite(wait) && wait > 0 ? wait : null);
}

export const api = {
  get: <T>(path: string, query?: Query, signal?: AbortSignal) => request<T>("GET", path, { query, signal }),
  post: <T>(path: string, body?: unknown, query?: Query) => request<T>("POST", path, { body: body ?? {}, query }),
  patch: <T>(path: string, body: unknown) => request<T>("PATCH", path, { body }),
  delete: <T = void>(path: string) => request<T>("DELETE", path),
};
