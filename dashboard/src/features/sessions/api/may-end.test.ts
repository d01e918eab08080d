import { expect, it } from "vitest";
import type { Me, TechSession } from "@/api/contract";
import { mayEnd } from "./may-end";

const me = (...permissions: string[]) => ({ email: "tess@msp.example", permissions }) as Me;
const session = (opened_by: string, status: TechSession["status"] = "open") => ({ opened_by, status }) as TechSession;

it("lets everybody end what is theirs, and only some what is another's; what is closed nobody", () => {
  expect(mayEnd(me(), session("tess@msp.example"))).toBe(true);
  expect(mayEnd(me(), session("bob@msp.example"))).toBe(false);
  expect(mayEnd(me("tunnel.end"), session("bob@msp.example", "opening"))).toBe(true);
  expect(mayEnd(me("tunnel.end"), session("tess@msp.example", "closed"))).toBe(false);
});
