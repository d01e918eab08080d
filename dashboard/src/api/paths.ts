/**
 * The server's OpenAPI document as types: which paths there are, what each is asked with and what it answers.
 * Paths are written as the document has them, without the `/api/v1` before them.
 */
import type { paths } from "./generated/schema";

export type Method = "get" | "post" | "patch" | "delete";

type Documented = { [P in keyof paths as P extends `/api/v1${infer Rest}` ? Rest : never]: paths[P] };
type Operation<P, M extends Method> = P extends keyof Documented ? Documented[P][M] : never;

/** The paths that know a method. */
export type PathOf<M extends Method> = {
  [P in keyof Documented]: Documented[P] extends Record<M, object> ? P : never;
}[keyof Documented];

type Responses<O> = O extends { responses: infer R } ? R : never;
type JsonIn<R> = R extends { content: { "application/json": infer Body } } ? Body : never;
type OrNothing<T> = [T] extends [never] ? undefined : T;

/** What a request is answered with when it succeeds; `undefined` where the document has no JSON (204). */
export type AnswerOf<P, M extends Method> = OrNothing<
  JsonIn<Responses<Operation<P, M>>[(200 | 201 | 202) & keyof Responses<Operation<P, M>>]>
>;

/** The paths whose answer is a text and no JSON (recordings). */
export type TextPath = {
  [P in PathOf<"get">]: Responses<Operation<P, "get">> extends { 200: { content?: never } } ? P : never;
}[PathOf<"get">];

type ParametersOf<O> = O extends { parameters: infer Parameters } ? Parameters : never;

/** The query that a path takes. */
export type QueryOf<P, M extends Method = "get"> =
  ParametersOf<Operation<P, M>> extends { query?: infer Q }
    ? [NonNullable<Q>] extends [never]
      ? object
      : NonNullable<Q>
    : object;

/** The names that a list can be sorted by, upwards and ("-name") downwards. */
export type SortOf<P> = QueryOf<P> extends { sort?: infer Names } ? NonNullable<Names> : never;

/** The body that a request takes. */
export type BodyOf<P, M extends Method> =
  Operation<P, M> extends { requestBody?: { content: { "application/json": infer Sent } } } ? Sent : never;

type PathPart<O> = ParametersOf<O> extends { path: infer Values } ? { path: Values } : object;
type QueryPart<O> =
  ParametersOf<O> extends { query: infer Q }
    ? { query: Q }
    : ParametersOf<O> extends { query?: infer Q }
      ? { query?: Q }
      : object;
type BodyPart<O> = O extends { requestBody: { content: { "application/json": infer Sent } } }
  ? { body: Sent }
  : O extends { requestBody?: { content: { "application/json": infer Sent } } }
    ? { body?: Sent }
    : object;

/** Everything a request is made of besides method and path. */
export type RequestOf<P, M extends Method> = PathPart<Operation<P, M>> &
  QueryPart<Operation<P, M>> &
  BodyPart<Operation<P, M>> & { signal?: AbortSignal };

/** The request as the last argument: it may be left out where nothing in it is required. */
export type RequestArgument<P, M extends Method> =
  object extends RequestOf<P, M> ? [request?: RequestOf<P, M>] : [request: RequestOf<P, M>];

/** One page of any list of the server; the document has one for each kind of row. */
export interface List<T> {
  items: T[];
  next_cursor: string | null;
  total: number;
}

/** The paths that answer with a page of a list. */
export type ListPath = { [P in PathOf<"get">]: AnswerOf<P, "get"> extends List<unknown> ? P : never }[PathOf<"get">];

/** The rows of a list. */
export type RowOf<P extends ListPath> = AnswerOf<P, "get"> extends List<infer T> ? T : never;
