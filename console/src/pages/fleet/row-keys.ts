// Which row of the table shows which worker. To make a row costs the browser a few milliseconds, to fill one that is
// there a fraction of it: the rows of workers that leave are given to those that come.

export type RowKeys = ReadonlyMap<string, string>;

/** Workers that stay keep their rows, with what is focused or open in them. */
export function rowKeys(before: RowKeys, shown: readonly { id: string }[]): RowKeys {
  const staying = new Set(shown.map(({ id }) => id));
  const free = [...before].filter(([id]) => !staying.has(id)).map(([, key]) => key);
  const taken = new Set(before.values());
  let made = 0;
  const make = () => {
    while (taken.has(`row-${made}`)) made += 1;
    taken.add(`row-${made}`);
    return `row-${made}`;
  };
  return new Map(shown.map(({ id }) => [id, before.get(id) ?? free.shift() ?? make()]));
}
