// What to do about an error code or a reason of `sources.*`.

const ADVICE: Record<string, string> = {
  unauthorized: "Set the right CML credentials under More.",
  no_credentials: "Set CML credentials under More, or for the whole fleet in the configuration.",
  certificate_changed: "Compare the certificates under More, and accept the new one if it is yours.",
  no_https_endpoint: "Give the instance a public address, set CMLFLEET_PREFER_PRIVATE_IP, or tag it cmlfleet:endpoint.",
  blocked_address: "Allow the address with CMLFLEET_CML_ALLOWED_NETWORKS if it is yours.",
  unreachable: "Diagnose tells where the way ends: security group, route, or the host itself.",
  timeout: "Diagnose tells where the way ends: mostly a security group that drops port 443.",
  not_ready: "CML starts, or its services hang. Diagnose tells which.",
  access_denied: "Give the service the missing permission; cmlfleet doctor names it.",
  throttled: "Nothing: it is asked less often until it answers again.",
  maintenance: "Nothing: CML is in maintenance mode.",
  tls: "CMLFLEET_CML_TLS=pin accepts a self-signed certificate after a look.",
};

export function adviceFor(code: string | null): string | null {
  return code === null ? null : (ADVICE[code] ?? null);
}
