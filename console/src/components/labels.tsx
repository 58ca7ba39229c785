import { Unknown } from "./unknown";

export function Labels({ labels }: { labels: Readonly<Record<string, string>> }) {
  const entries = Object.entries(labels);
  if (entries.length === 0) return <Unknown reason="no labels" />;
  return <span className="long">{entries.map(([key, value]) => (value === "" ? key : `${key}=${value}`)).join(", ")}</span>;
}
