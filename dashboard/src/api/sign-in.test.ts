// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { SignedIn } from "./contract";
import { ApiError } from "./errors";
import { api } from "./http";
import { adopt, forget, signInState } from "./sign-in";

const answer = (token: string, expiresIn = 300) =>
  ({ access_token: token, expires_in: expiresIn, me: { email: "a@b.example" } }) as unknown as SignedIn;
const json = (body: unknown, status = 200, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), { status, headers });

type Handler = (path: string, token: string | null) => Response | Promise<Response>;

function serve(handler: Handler) {
  const calls: string[] = [];
  vi.stubGlobal("fetch", async (path: string, init: RequestInit) => {
    const token = new Headers(init.headers).get("Authorization");
    calls.push(path);
    return handler(path, token);
  });
  return calls;
}

describe("signed requests", () => {
  beforeEach(() => adopt(answer("first")));
  afterEach(() => {
    forget();
    vi.unstubAllGlobals();
  });

  it("renews the token once for all requests that meet a 401 together", async () => {
    const calls = serve((path, token) => {
      if (path.endsWith("/auth/refresh")) return json(answer("second"));
      return token === "Bearer second" ? json({ path }) : json({ code: "token_expired", message: "Expired." }, 401);
    });
    await Promise.all([api.get("/tree"), api.get("/overview"), api.get("/settings")]);
    expect(calls.filter((path) => path.endsWith("/auth/refresh"))).toHaveLength(1);
  });

  it("renews a token that is about to run out before it is used", async () => {
    adopt(answer("old", 5));
    const calls = serve((path, token) => (path.endsWith("/refresh") ? json(answer("new")) : json({ token })));
    expect(await api.get("/tree")).toEqual({ token: "Bearer new" });
    expect(calls).toEqual(["/api/v1/auth/refresh", "/api/v1/tree"]);
  });

  it("signs out when the cookie is no longer good", async () => {
    serve(() => json({ code: "not_signed_in", message: "Sign in first." }, 401));
    await expect(api.get("/tree")).rejects.toBeInstanceOf(ApiError);
    expect(signInState().status).toBe("signed-out");
  });

  it("keeps the session when the server can't be reached to renew it", async () => {
    adopt(answer("old", 5));
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("no network")));
    await expect(api.get("/tree")).rejects.toMatchObject({ status: 0, code: "unreachable" });
    expect(signInState().status).toBe("signed-in");
  });

  it("makes an error of an answer, with id, fields and waiting time", async () => {
    serve(() =>
      json(
        {
          code: "rate_limited",
          message: "Slow down.",
          request_id: "r1",
          details: [{ field: "name", message: "Too long." }],
        },
        429,
        { "Retry-After": "40" },
      ),
    );
    const error = (await api.post("/auth/sign-out").catch((caught: unknown) => caught)) as ApiError;
    expect(error).toMatchObject({ status: 429, code: "rate_limited", requestId: "r1", retryAfterSeconds: 40 });
    expect(error.fields).toEqual({ name: "Too long." });
  });
});

describe("a page that is opened", () => {
  afterEach(() => {
    forget();
    vi.unstubAllGlobals();
  });

  /** As another page of this browser has it, which knows of nobody yet. */
  async function another() {
    vi.resetModules();
    return import("./sign-in");
  }

  it("asks who is signed in only where somebody is", async () => {
    const calls = serve(() => json(answer("again")));
    const first = await another();
    await first.recall();
    expect([first.signInState().status, calls]).toEqual(["signed-out", []]);
    adopt(answer("first"));
    const second = await another();
    await second.recall();
    expect([second.signInState().status, calls]).toEqual(["signed-in", ["/api/v1/auth/refresh"]]);
    forget();
    const third = await another();
    await third.recall();
    expect([third.signInState().status, calls.length]).toEqual(["signed-out", 1]);
  });
});
