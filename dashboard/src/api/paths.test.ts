import { describe, expectTypeOf, it } from "vitest";
import type { AgentDetail, AgentRow, CommandRow } from "./contract";
import { api } from "./http";
import type { AnswerOf, BodyOf, ListPath, PathOf, QueryOf, RequestOf, RowOf, SortOf, TextPath } from "./paths";

describe("the document's types", () => {
  it("know a path's methods, answers, queries and bodies", () => {
    expectTypeOf<"/agents/{agent_id}">().toExtend<PathOf<"get"> & PathOf<"patch"> & PathOf<"delete">>();
    expectTypeOf<"/agents/{agent_id}">().not.toExtend<PathOf<"post">>();
    expectTypeOf<AnswerOf<"/agents/{agent_id}", "get">>().toEqualTypeOf<AgentDetail>();
    expectTypeOf<AnswerOf<"/agents/{agent_id}", "delete">>().toEqualTypeOf<undefined>();
    expectTypeOf<AnswerOf<"/commands/{command_id}/cancel", "post">>().toEqualTypeOf<CommandRow>();
    expectTypeOf<QueryOf<"/agents">>().toHaveProperty("hostname");
    expectTypeOf<QueryOf<"/tree">>().toEqualTypeOf<object>();
    expectTypeOf<BodyOf<"/sites", "post">>().toEqualTypeOf<{ client_id: string; name: string }>();
    expectTypeOf<"-last_seen">().toExtend<SortOf<"/agents">>();
    expectTypeOf<"colour">().not.toExtend<SortOf<"/agents">>();
  });

  it("tell lists and texts from the rest", () => {
    expectTypeOf<"/agents">().toExtend<ListPath>();
    expectTypeOf<"/tree">().not.toExtend<ListPath>();
    expectTypeOf<RowOf<"/agents">>().toEqualTypeOf<AgentRow>();
    expectTypeOf<TextPath>().toEqualTypeOf<
      "/tunnel/sessions/{session_id}/recording" | "/tunnel/sessions/{session_id}/channels/{channel}/recording"
    >();
  });

  it("ask for what a request needs, and for nothing else", () => {
    expectTypeOf<RequestOf<"/agents/{agent_id}", "get">>().toHaveProperty("path");
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
