/** `a1b2…` as `A1:B2:…`, the way openssl and browsers print it. */
export function fingerprintWords(hexadecimal: string): string {
  return (hexadecimal.toUpperCase().match(/.{1,2}/g) ?? []).join(":");
}
