import { describe, expectTypeOf, it } from "vitest";
import type { AgentDetail, AgentRow, CommandRow } from "./contract";
import { api } from "./http";
import type { Answer, Body, ListPath, PathOf, Query, Request, Row, Sort, TextPath } from "./paths";

describe("the document's types", () => {
  it("know a path's methods, answers, queries and bodies", () => {
    expectTypeOf<"/agents/{agent_id}">().toExtend<PathOf<"get"> & PathOf<"patch"> & PathOf<"delete">>();
    expectTypeOf<"/agents/{agent_id}">().not.toExtend<PathOf<"post">>();
    expectTypeOf<Answer<"/agents/{agent_id}", "get">>().toEqualTypeOf<AgentDetail>();
    expectTypeOf<Answer<"/agents/{agent_id}", "delete">>().toEqualTypeOf<undefined>();
    expectTypeOf<Answer<"/commands/{command_id}/cancel", "post">>().toEqualTypeOf<CommandRow>();
    expectTypeOf<Query<"/agents">>().toHaveProperty("hostname");
    expectTypeOf<Query<"/tree">>().toEqualTypeOf<object>();
    expectTypeOf<Body<"/sites", "post">>().toEqualTypeOf<{ client_id: string; name: string }>();
    expectTypeOf<"-last_seen">().toExtend<Sort<"/agents">>();
    expectTypeOf<"colour">().not.toExtend<Sort<"/agents">>();
  });

  it("tell lists and texts from the rest", () => {
    expectTypeOf<"/agents">().toExtend<ListPath>();
    expectTypeOf<"/tree">().not.toExtend<ListPath>();
    expectTypeOf<Row<"/agents">>().toEqualTypeOf<AgentRow>();
    expectTypeOf<TextPath>().toEqualTypeOf<"/tunnel/sessions/{session_id}/recording">();
  });

  it("ask for what a request needs, and for nothing else", () => {
    expectTypeOf<Request<"/agents/{agent_id}", "get">>().toHaveProperty("path");
    const never = () => {
      // @ts-expect-error: there is no such path
      void api.get("/agent");
      // @ts-expect-error: the document has no POST here
      void api.post("/overview");
      // @ts-expect-error: the path has a place to fill
      void api.get("/agents/{agent_id}");
      // @ts-expect-error: a list of machines is not filtered by colour
      void api.get("/agents", { query: { colour: "red" } });
      // @ts-expect-error: a Site needs its Client
      void api.post("/sites", { body: { name: "HQ" } });
    };
    expectTypeOf(never).toBeFunction();
  });
});
