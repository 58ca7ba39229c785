// The event stream over fetch: unlike EventSource it tells a refusal from an outage, and resumes where we say.
import { createParser } from "eventsource-parser";

import { CONSOLE_HEADERS } from "../api/client";

export interface StreamMessage {
  event: string;
  data: unknown;
}

export class Refused extends Error {}

/** The service sends a comment every 15 s; a connection that is silent for longer is dead. */
const SILENCE_MS = 40_000;

interface Options {
  lastEventId: string | null;
  signal: AbortSignal;
  onOpen: () => void;
  onMessage: (message: StreamMessage, id: string | null) => void;
}

/** Reads until the stream ends. Throws Refused when nobody is signed in, and whatever breaks the connection. */
export async function readStream({ lastEventId, signal, onOpen, onMessage }: Options): Promise<void> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE_MS);
  const resumed: Record<string, string> = lastEventId === null ? {} : { "Last-Event-ID": lastEventId };
  try {
    const answer = await fetch("/api/v1/stream", {
      headers: { Accept: "text/event-stream", ...CONSOLE_HEADERS, ...resumed },
      signal: AbortSignal.any([signal, silence.signal]),
      cache: "no-store",
    });
    if (answer.status === 401) throw new Refused();
    if (!answer.ok || answer.body === null) throw new Error(`the stream answered ${answer.status}`);
    onOpen();
    const parser = createParser({
      onEvent: ({ event, data, id }) =>
        onMessage({ event: event ?? "message", data: JSON.parse(data) as unknown }, id ?? null),
    });
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MS);
      parser.feed(value);
    }
  } finally {
    clearTimeout(timer);
  }
}
