// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { SignedIn } from "./contract";
import { api, filled, queryString } from "./http";
import { adopt, forget } from "./sign-in";
import { onStepUp } from "./step-up";

const asked = vi.fn<(path: string, init: RequestInit) => Promise<Response>>();
const answer = (body: unknown, status = 200) => new Response(status === 204 ? null : JSON.stringify(body), { status });

describe("requests", () => {
  beforeEach(() => {
    adopt({ access_token: "t", expires_in: 300, me: {} } as unknown as SignedIn);
    asked.mockReset();
    vi.stubGlobal("fetch", asked);
  });
  afterEach(() => {
    forget();
    vi.unstubAllGlobals();
  });

  it("fill the places of a path, one segment each", async () => {
    asked.mockResolvedValue(answer({ items: [] }));
    await api.get("/agents/{agent_id}/folders", { path: { agent_id: "../../tree" }, query: { path: "/var & co" } });
    expect(asked.mock.calls[0]?.[0]).toBe("/api/v1/agents/..%2F..%2Ftree/folders?path=%2Fvar+%26+co");
    expect(() => filled("/agents/{agent_id}", {})).toThrow("without agent_id");
  });

  it("leave out of the query what is not set", () => {
    expect(queryString({ a: 1, b: undefined, c: null, d: "", e: false })).toBe("?a=1&e=false");
    expect(queryString({})).toBe("");
  });

  it("carry a body as JSON, an empty one where a POST has none", async () => {
    asked.mockImplementation(() => Promise.resolve(answer({})));
    await api.post("/commands/clear", { body: { agent_id: null } });
    await api.post("/auth/sign-out");
    await api.get("/tree");
    expect(asked.mock.calls.map(([, init]) => [init.method, init.body])).toEqual([
      ["POST", '{"agent_id":null}'],
      ["POST", "{}"],
      ["GET", undefined],
    ]);
  });

  it("carry a key of their own where they make something, the same one when they are tried again", async () => {
    const make = () => api.post("/clients", { body: { name: "Fjord" } });
    asked.mockImplementationOnce(() => Promise.reject(new TypeError("cut off")));
    asked.mockImplementation(() => Promise.resolve(answer({})));
    await expect(make()).rejects.toMatchObject({ status: 0 });
    await make();
    await make();
    await api.get("/tree");
    await api.post("/auth/sign-out");
    const keys = asked.mock.calls.map(([, { headers }]) => (headers as Record<string, string>)["Idempotency-Key"]);
    expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(keys[1]).toBe(keys[0]);
    expect(keys[2]).not.toBe(keys[0]);
    expect(keys.slice(3)).toEqual([undefined, undefined]);
  });

  it("ask for proof where the server wants it, once for all that wait, and are sent again with the same key", async () => {
    const wanted = () => answer({ code: "step_up_required", message: "Prove it." }, 403);
    const prove = vi.fn(async () => {
      asked.mockImplementation(() => Promise.resolve(answer({ done: true })));
      return true;
    });
    const stop = onStepUp(prove);
    asked.mockImplementation(() => Promise.resolve(wanted()));
    const answers = await Promise.all([api.post("/clients", { body: { name: "Fjord" } }), api.get("/audit")]);
    expect(answers).toEqual([{ done: true }, { done: true }]);
    expect(prove).toHaveBeenCalledTimes(1);
    const posted = asked.mock.calls.filter(([, { method }]) => method === "POST");
    const keys = posted.map(([, { headers }]) => (headers as Record<string, string>)["Idempotency-Key"]);
    expect(keys).toHaveLength(2);
    expect(keys[0]).toBe(keys[1]);
    stop();
  });

  it("say what the server said where nobody proves it, and ask once only", async () => {
    const prove = vi.fn(async () => true);
    asked.mockImplementation(() => Promise.resolve(answer({ code: "step_up_required", message: "Prove it." }, 403)));
    await expect(api.get("/audit")).rejects.toMatchObject({ code: "step_up_required" });
    const stop = onStepUp(prove);
    await expect(api.get("/audit")).rejects.toMatchObject({ code: "step_up_required" });
    expect(prove).toHaveBeenCalledTimes(1);
    stop();
    const refuse = onStepUp(async () => false);
    asked.mockClear();
    await expect(api.get("/audit")).rejects.toMatchObject({ code: "step_up_required" });
    expect(asked).toHaveBeenCalledTimes(1);
    refuse();
  });

  it("ask nobody for proof where somebody may not", async () => {
    const prove = vi.fn(async () => true);
    const stop = onStepUp(prove);
    asked.mockResolvedValue(answer({ code: "forbidden", message: "No." }, 403));
    await expect(api.get("/audit")).rejects.toMatchObject({ code: "forbidden" });
    expect(prove).not.toHaveBeenCalled();
    stop();
  });

  it("answer nothing where the server has nothing to say, and text where it says text", async () => {
    asked.mockResolvedValueOnce(answer(null, 204));
    expect(await api.delete("/commands/{command_id}", { path: { command_id: "c" } })).toBeUndefined();
    asked.mockResolvedValueOnce(new Response('{"version":2}\n'));
    expect(await api.text("/tunnel/sessions/{session_id}/recording", { path: { session_id: "s" } })).toBe(
      '{"version":2}\n',
    );
  });

  it("are given up when nobody waits any more, and that is no error of the server", async () => {
    asked.mockImplementation(
      (_, { signal }) =>
        new Promise((_resolve, reject) => {
          const leave = () => reject(new DOMException("gone", "AbortError"));
          if (signal?.aborted) leave();
          signal?.addEventListener("abort", leave);
        }),
    );
    const leaving = new AbortController();
    const answered = api.get("/tree", { signal: leaving.signal });
    leaving.abort();
    await expect(answered).rejects.toMatchObject({ name: "AbortError" });
  });
});
