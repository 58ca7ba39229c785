// Where else to look at a worker.
import type { Worker } from "../../api/types";

const COCKPIT_PORT = 9090; // CML's host administration
const SSH_PORT = 1122; // CML moves the host's sshd there: 22 is its console server

const AWS_DOMAINS: [prefix: string, domain: string][] = [
  ["cn-", "console.amazonaws.cn"],
  ["us-gov-", "console.amazonaws-us-gov.com"],
];

export function consoleUrl({ region, instance_id }: Pick<Worker, "region" | "instance_id">): string {
  const domain = AWS_DOMAINS.find(([prefix]) => region.startsWith(prefix))?.[1] ?? "console.aws.amazon.com";
  return `https://${region}.${domain}/ec2/home?region=${region}#InstanceDetails:instanceId=${instance_id}`;
}

function hostOf({ https_endpoint, public_ip, private_ip }: Worker): string | null {
  if (https_endpoint !== null && URL.canParse(https_endpoint)) return new URL(https_endpoint).hostname;
  return public_ip ?? private_ip;
}

export function cockpitOf(worker: Worker): string | null {
  const host = hostOf(worker);
  return host === null ? null : `https://${host}:${COCKPIT_PORT}/`;
}

export function sshLine(worker: Worker): string | null {
  const host = hostOf(worker);
  return host === null ? null : `ssh -p ${SSH_PORT} sysadmin@${host}`;
}
