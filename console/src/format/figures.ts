const MONEY = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD", maximumFractionDigits: 2 });
const COUNT = new Intl.NumberFormat("en-US");

/** US dollars, as AWS bills them. */
export function money(usd: number): string {
  return MONEY.format(usd);
}

export function count(number: number): string {
  return COUNT.format(number);
}

/** "1 worker", "12 workers". */
export function counted(number: number, one: string, many = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : many}`;
}
