import { type Dispatcher, request } from "undici";
import { openHttp, splitCredentials } from "../../download/http.ts";

/** Milliseconds that an answer may take. */
const PATIENCE = 30_000;

interface Experiment {
  readonly experiment_id: string;
}

/** What the server says against a request. */
export class MlflowRefusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/**
 * Whether asking again may help: a server that is down or busy, does not let us in yet, or is none of MLflow's (which
 * names what is wrong by a code).
 */
export const mayPass = (error: unknown): boolean =>
  !(error instanceof MlflowRefusal) ||
  error.code === "" ||
  error.status >= 500 ||
  [401, 403, 408, 429].includes(error.status);

/**
 * MLflow's REST API 2.0 (https://mlflow.org/docs/latest/rest-api.html), which servers from 1.27 on speak, and its proxied
 * access to artifacts. Credentials are those of the address, or MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and
 * MLFLOW_TRACKING_PASSWORD, as MLflow's own client takes them.
 */
export class MlflowClient {
  private readonly base: string;
  private readonly headers: Readonly<Record<string, string>>;
  private readonly http: Dispatcher = openHttp();

  constructor(address: string) {
    const { url, headers } = splitCredentials(address);
    this.base = url.replace(/\/+$/, "");
    this.headers = { ...credentials(), ...headers };
  }

  /** @throws MlflowRefusal, or the error of the connection */
  post<T>(route: string, body: object): Promise<T> {
    return this.ask("POST", `/api/2.0/mlflow/${route}`, JSON.stringify(body));
  }

  private get<T>(route: string, query: Record<string, string>): Promise<T> {
    return this.ask("GET", `/api/2.0/mlflow/${route}?${new URLSearchParams(query)}`);
  }

  /** Number of the experiment of that name, made where it is missing. */
  async experiment(name: string): Promise<string> {
    const find = async () => {
      const query = { experiment_name: name };
      const found = await this.get<{ experiment?: Experiment }>("experiments/get-by-name", query);
      return answered(found.experiment).experiment_id;
    };
    try {
      return await find();
    } catch (error) {
      if (!(error instanceof MlflowRefusal) || error.code !== "RESOURCE_DOES_NOT_EXIST") throw error;
    }
    try {
      return answered((await this.post<Partial<Experiment>>("experiments/create", { name })).experiment_id);
    } catch (error) {
      if (!(error instanceof MlflowRefusal) || error.code !== "RESOURCE_ALREADY_EXISTS") throw error;
      return find(); // another run made it meanwhile
    }
  }

  /** Whether there is such a run, not deleted. */
  async isActive(run_id: string): Promise<boolean> {
    try {
      type Answer = { run?: { info: { lifecycle_stage: string } } };
      const { run } = await this.get<Answer>("runs/get", { run_id });
      return answered(run).info.lifecycle_stage === "active";
    } catch (error) {
      if (error instanceof MlflowRefusal && error.code === "RESOURCE_DOES_NOT_EXIST") return false;
      throw error;
    }
  }

  /** A file of a run whose artifacts the server itself takes. @throws Error where it does not */
  async putArtifact(artifactUri: string, path: string, bytes: Uint8Array): Promise<void> {
    const { protocol, pathname } = new URL(artifactUri);
    if (protocol !== "mlflow-artifacts:")
      throw new MlflowRefusal(
        400,
        "ARTIFACTS",
        `it keeps artifacts in ${artifactUri}, which it does not take by HTTP`,
      );
    const route = `${pathname.replace(/^\/+/, "")}/${path.split("/").map(encodeURIComponent).join("/")}`;
    await this.ask("PUT", `/api/2.0/mlflow-artifacts/artifacts/${route}`, bytes);
  }

  close(): Promise<void> {
    return this.http.destroy();
  }

  private async ask<T>(method: "GET" | "POST" | "PUT", path: string, body?: string | Uint8Array): Promise<T> {
    const type = typeof body === "string" ? "application/json" : "application/octet-stream";
    const { statusCode, body: answer } = await request(this.base + path, {
      method,
      dispatcher: this.http,
      headers: { ...this.headers, ...(body !== undefined && { "content-type": type }) },
      ...(body !== undefined && { body }),
      signal: AbortSignal.timeout(PATIENCE),
    });
    const text = await answer.text();
    const json = parsed(text);
    if (statusCode < 300) return json as T;
    const { error_code: code = "", message = text.slice(0, 200).replace(/\s+/g, " ") } = json;
    throw new MlflowRefusal(statusCode, String(code), `it answered ${statusCode}: ${message}`);
  }
}

/** What an answer has to hold. @throws MlflowRefusal where another program than MLflow answers */
export function answered<T>(value: T | undefined): T {
  if (value !== undefined) return value;
  throw new MlflowRefusal(200, "", "what answers there is not MLflow");
}

function parsed(text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}

function credentials(): Record<string, string> {
  const {
    MLFLOW_TRACKING_TOKEN: token,
    MLFLOW_TRACKING_USERNAME: user,
    MLFLOW_TRACKING_PASSWORD: password = "",
  } = process.env;
  if (token) return { authorization: `Bearer ${token}` };
  if (!user) return {};
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` };
}
