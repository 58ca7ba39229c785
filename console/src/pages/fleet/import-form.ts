export interface ImportForm {
  region: string;
  by: "ids" | "tags";
  ids: string;
  tags: { key: string; value: string }[];
}

export interface ImportBody {
  region: string;
  instance_ids: string[];
  tags: Record<string, string>;
  dry_run: boolean;
}

/** What to send, or what is still missing. */
export function importBody(form: ImportForm): { body: ImportBody | null; problem: string | null } {
  const region = form.region.trim();
  const ids = form.by === "ids" ? [...new Set(form.ids.split(/[\s,;]+/).filter(Boolean))] : [];
  const tags = form.by === "tags" ? form.tags.filter(({ key }) => key.trim() !== "") : [];
  const bad = ids.find((id) => !/^i-[0-9a-f]{8,17}$/.test(id));
  const problem =
    region === ""
      ? "Name a region."
      : bad !== undefined
        ? `${bad} is no instance id.`
        : ids.length + tags.length === 0
          ? `Name at least one ${form.by === "ids" ? "instance" : "tag"}.`
          : null;
  if (problem !== null) return { body: null, problem };
  const named = Object.fromEntries(tags.map(({ key, value }) => [key.trim(), value]));
  return { body: { region, instance_ids: ids, tags: named, dry_run: false }, problem: null };
}
