// The product as a person runs it: `cmlfleet simulate` and `cmlfleet serve` as processes of their own.
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const BIN = resolve(__dirname, "../../../.venv/bin");
const START_MS = 60_000;
const POLL_MS = 50;
const OURS = /^(AWS_|CMLFLEET_|OTEL_|VIRL2_|CML_)/;
export const TOKEN = `browser-${"b".repeat(32)}`;

type Environment = Record<string, string>;

/** Wait until something holds. */
export async function until(
  condition: () => Promise<boolean> | boolean,
  what: string,
  withinMs: number = START_MS,
): Promise<void> {
  const end = Date.now() + withinMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not within ${withinMs / 1000} s: ${what}`);
    await new Promise((tick) => setTimeout(tick, POLL_MS));
  }
}

export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((listening) => probe.listen(0, "127.0.0.1", listening));
  const { port } = probe.address() as AddressInfo;
  await new Promise((closed) => probe.close(closed));
  return port;
}

class Process {
  output = "";
  private readonly child: ChildProcess;

  constructor(args: string[], environment: Environment, folder: string) {
    const kept = Object.fromEntries(Object.entries(process.env).filter(([name]) => !OURS.test(name)));
    this.child = spawn(join(BIN, "cmlfleet"), args, {
      cwd: folder,
      env: { ...kept, HOME: folder, XDG_CONFIG_HOME: folder, PYTHONUNBUFFERED: "1", ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on("data", (bytes: Buffer) => (this.output += bytes.toString()));
    }
  }

  async until(condition: () => Promise<boolean> | boolean, what: string): Promise<void> {
    await until(async () => {
      if (await condition()) return true;
      if (this.child.exitCode !== null) throw new Error(`it ended before ${what}:\n${this.output}`);
      return false;
    }, what);
  }

  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise((done) => this.child.once("exit", done));
    this.child.kill(signal);
    await ended;
  }
}

/** The simulated cloud, and what a person would do in the AWS console or with a cable. */
export class Cloud {
  constructor(
    readonly environment: Environment,
    private readonly running: Process,
  ) {}

  static async start(folder: string, ...options: string[]): Promise<Cloud> {
    const running = new Process(["simulate", "--aws-port", "0", "--cml-port", "0", ...options], {}, folder);
    await running.until(() => running.output.includes("ready\n"), "the simulator is ready");
    const environment: Environment = {};
    for (const [, name, value] of running.output.matchAll(/export (\w+)='?([^'\n]*?)'?$/gm)) {
      environment[name ?? ""] = value ?? "";
    }
    return new Cloud(environment, running);
  }

  async control(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await fetch(`${this.environment.AWS_ENDPOINT_URL}/_simulator${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`);
    return answer.json();
  }

  fault(name: string, worker: string | null, parameters: object = {}): Promise<unknown> {
    return this.control("POST", "/faults", { name, worker, parameters });
  }

  /** EC2's CreateTags, with a signature that the simulated cloud does not check. */
  async tag(instanceId: string, key: string, value: string): Promise<void> {
    const credential = `${this.environment.AWS_ACCESS_KEY_ID}/20260101/us-east-1/ec2/aws4_request`;
    const tags = { "ResourceId.1": instanceId, "Tag.1.Key": key, "Tag.1.Value": value };
    const answer = await fetch(this.environment.AWS_ENDPOINT_URL ?? "", {
      method: "POST",
      headers: { Authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host, Signature=0` },
      body: new URLSearchParams({ Action: "CreateTags", Version: "2016-11-15", ...tags }),
    });
    if (!answer.ok) throw new Error(await answer.text());
  }

  mend(): Promise<unknown> {
    return this.control("DELETE", "/faults");
  }

  stop(): Promise<void> {
    return this.running.stop();
  }
}

interface WorkerRecord {
  name: string;
  id: string;
  instance_id: string;
  last_refreshed_at: string | null;
  health: string;
}

/** `cmlfleet serve`, which may be stopped and started again on the same data and port. */
export class Service {
  private running: Process | null = null;

  constructor(
    readonly port: number,
    private readonly folder: string,
    private readonly environment: Environment,
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const running = new Process(["serve", "--port", String(this.port)], this.environment, this.folder);
    this.running = running;
    await running.until(async () => (await fetch(`${this.url}/readyz`).catch(() => null))?.ok === true, "ready");
  }

  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    await this.running?.stop(signal);
  }

  /** The code that whoever runs it reads, where nobody can sign in yet. */
  async setUpCode(): Promise<string> {
    const code = () => /set-up code (\w+)/.exec(this.running?.output ?? "")?.[1];
    await until(() => code() !== undefined, "a set-up code is printed");
    return code() ?? "";
  }

  /** As if every session had been left alone for a day. */
  leaveSessionsAlone(): void {
    const statement = "update sessions set last_used_at = datetime(last_used_at, '-1 day')";
    const script = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], timeout=30); c.execute(sys.argv[2]); c.commit()";
    execFileSync(join(BIN, "python"), ["-c", script, join(this.folder, "data", "cmlfleet.db"), statement]);
  }

  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: { Authorization: `Bearer ${TOKEN}`, "Content-Type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`);
    return (answer.status === 204 ? null : await answer.json()) as T;
  }

  async workers(): Promise<Record<string, WorkerRecord>> {
    const list = await this.call<{ items: WorkerRecord[] }>("GET", "/workers?limit=1000");
    return Object.fromEntries(list.items.map((worker) => [worker.name, worker]));
  }

  /** Whether so many workers are there, each of them read. */
  async areRead(least: number): Promise<boolean> {
    const count = async (filter: string) => (await this.call<{ total: number }>("GET", `/workers?limit=1${filter}`)).total;
    const all = await count("");
    return all >= least && (await count("&last_refreshed_at.gt=2000-01-01T00:00:00Z")) === all;
  }

  async workerId(name: string): Promise<string> {
    const found = (await this.workers())[name];
    if (found === undefined) throw new Error(`no worker ${name}`);
    return found.id;
  }

  /** Of an earlier test there may be one with the same name. */
  async token(role: string): Promise<{ token: string; id: string }> {
    const name = `a ${role}`;
    const { items } = await this.call<{ items: { id: string; name: string }[] }>("GET", "/tokens");
    for (const { id } of items.filter((known) => known.name === name)) await this.call("DELETE", `/tokens/${id}`);
    const made = await this.call<{ token: string; record: { id: string } }>("POST", "/tokens", { name, role });
    return { token: made.token, id: made.record.id };
  }
}

export interface Scene {
  cloud: Cloud;
  service: Service;
}

/** A simulated fleet and the service beside it; `settings` are variables without their prefix, in lower case. */
export async function scene(
  options: {
    simulated?: string[];
    settings?: Record<string, string>;
    adopted?: number;
    adoptedWithinMs?: number;
    port?: number;
    /** Without one nobody can sign in but by the set-up code, or what the settings say. */
    bootstrapToken?: string | null;
  },
  use: (scene: Scene) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "cmlfleet-browser-"));
  const cloud = await Cloud.start(folder, ...(options.simulated ?? []));
  const settings = Object.entries(options.settings ?? {}).map(([key, value]) => [`CMLFLEET_${key.toUpperCase()}`, value]);
  const token = options.bootstrapToken === undefined ? TOKEN : options.bootstrapToken;
  const service = new Service(options.port ?? (await freePort()), folder, {
    ...cloud.environment,
    CMLFLEET_DATA_DIR: join(folder, "data"),
    ...(token === null ? {} : { CMLFLEET_BOOTSTRAP_TOKEN: token }),
    CMLFLEET_REFRESH_INTERVAL: "2",
    CMLFLEET_DISCOVERY_INTERVAL: "2",
    ...Object.fromEntries(settings),
  });
  try {
    await service.start();
    const adopted = options.adopted ?? 0;
    if (token !== null) {
      const read = () => service.areRead(adopted);
      await until(read, `${adopted} workers were adopted and read`, options.adoptedWithinMs);
    }
    await use({ cloud, service });
  } finally {
    await service.stop();
    await cloud.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
