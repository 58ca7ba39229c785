// The one way to the service: typed calls, problems as errors, and a word to whoever waits for the session's end.
import createClient, { type Middleware } from "openapi-fetch";

import { noteServerTime } from "../format/clock";
import type { paths } from "./schema";
import type { Problem } from "./types";

export class ApiError extends Error {
  readonly status: number;
  readonly problem: Problem | null;

  constructor(status: number, problem: Problem | null) {
    super(problem?.detail ?? (status === 0 ? "the service does not answer" : `the service answered ${status}`));
    this.status = status;
    this.problem = problem;
  }
}

type Listener = () => void;
const endedListeners = new Set<Listener>();

/** Tells when a request was refused because nobody is signed in; answers how to stop listening. */
export function onSessionEnded(listener: Listener): Listener {
  endedListeners.add(listener);
  return () => endedListeners.delete(listener);
}

export function sessionEnded(): void {
  for (const listener of endedListeners) listener();
}

/** With a session's cookie, the service takes changes only from requests that another site's page cannot make. */
export const CONSOLE_HEADERS = { "X-Requested-With": "cmlfleet-console" };

const middleware: Middleware = {
  onResponse({ response, schemaPath, request }) {
    noteServerTime(response.headers.get("Date"));
    // There a refusal is about what was typed.
    const signingIn = schemaPath.startsWith("/api/v1/session") && request.method !== "DELETE";
    if (response.status === 401 && !signingIn) sessionEnded();
    return undefined;
  },
};

export const api = createClient<paths>({ baseUrl: "/", headers: CONSOLE_HEADERS });
api.use(middleware);

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

function isProblem(body: unknown): body is Problem {
  return typeof body === "object" && body !== null && "detail" in body && "status" in body;
}

/** The answer's data. Throws ApiError, with status 0 when the service did not answer at all. */
export async function ok<T>(call: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await call;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, null);
  }
  if (!answer.response.ok) {
    throw new ApiError(answer.response.status, isProblem(answer.error) ? answer.error : null);
  }
  return answer.data as T;
}

/** What to tell a person about an error of any kind. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
