// Windows of one browser tell each other that somebody signed in; nothing but that is said.
const channel = new BroadcastChannel("cmlfleet.session");

export function tellSignedIn(): void {
  channel.postMessage(null);
}

/** Answers how to stop listening. */
export function whenSignedInElsewhere(listener: () => void): () => void {
  channel.addEventListener("message", listener);
  return () => channel.removeEventListener("message", listener);
}
