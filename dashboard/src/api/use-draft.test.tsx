// @vitest-environment jsdom
import { act, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { dropDrafts } from "@/lib/drafts";
import type { Me } from "./contract";
import { adopt, forget } from "./sign-in";
import { useDraft } from "./use-draft";

const signIn = (part: Partial<Me> = {}) =>
  adopt({ access_token: "t", expires_in: 300, me: { user_id: "u", tenant_id: "p", ...part } as unknown as Me });
const EMPTY = { script: "", shell: "sh" };
const form = (name = "run") => renderHook(() => useDraft(name, EMPTY));

describe("the draft of a form", () => {
  beforeEach(() => signIn());
  afterEach(() => {
    dropDrafts();
    forget();
  });

  it("is there again when the form is opened again, and says so", () => {
    const first = form();
    expect(first.result.current.restored).toBe(false);
    act(() => first.result.current.change({ script: "uptime" }));
    first.unmount();
    const again = form();
    expect(again.result.current.values).toEqual({ script: "uptime", shell: "sh" });
    expect(again.result.current.restored).toBe(true);
    expect(form("invite").result.current.restored).toBe(false);
  });

  it("survives a reload, which leaves only what the tab's store has", () => {
    sessionStorage.setItem("gururmm.draft.u p run", JSON.stringify({ script: "df -h", gone: "x", shell: 7 }));
    expect(form().result.current.values).toEqual({ script: "df -h", shell: "sh" });
    sessionStorage.setItem("gururmm.draft.u p run", "{not JSON");
    expect(form().result.current.values).toEqual(EMPTY);
  });

  it("is gone when it was sent, and when everything is as it was at first", () => {
    const first = form();
    act(() => first.result.current.change({ script: "uptime" }));
    act(() => first.result.current.drop());
    expect(first.result.current.values).toEqual(EMPTY);
    expect(form().result.current.restored).toBe(false);
    act(() => first.result.current.change({ script: "a" }));
    act(() => first.result.current.change({ script: "" }));
    expect(form().result.current.restored).toBe(false);
  });

  it("is nobody else's, and nobody's after signing out", () => {
    const mine = form();
    act(() => mine.result.current.change({ script: "uptime" }));
    act(() => signIn({ user_id: "other" }));
    expect(form().result.current.values).toEqual(EMPTY);
    act(() => signIn());
    expect(form().result.current.values.script).toBe("uptime");
    dropDrafts();
    expect(form().result.current.values).toEqual(EMPTY);
    expect(sessionStorage.length).toBe(0);
  });
});
