import type { ServerResponse } from "node:http";

/** What is answered to a request. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

export const json = (value: unknown): Answer => ({
  status: 200,
  type: "application/json; charset=utf-8",
  body: JSON.stringify(value),
});

/** A request that isn't answered, with a sentence that says why. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }

  get answer(): Answer {
    const body = JSON.stringify({ error: this.message });
    return { status: this.status, type: "application/json; charset=utf-8", body, headers: this.headers };
  }
}

/**
 * On every answer. The page is cross-origin isolated, so that its workers share memory; it loads and sends nothing from or
 * to elsewhere, and no other page can frame it or read it.
 */
const SECURITY: Readonly<Record<string, string>> = {
  "Content-Security-Policy":
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; img-src 'self' data: blob:; " +
    "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
};

/** Writes the head of an answer, with all that every one has. */
export function writeHead(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
): void {
  response.writeHead(status, { ...SECURITY, "Cache-Control": "no-store", ...headers });
}

/** @param head whether the body is left out */
export function send(response: ServerResponse, { status, type, body, headers }: Answer, head: boolean): void {
  const length = String(Buffer.byteLength(body));
  writeHead(response, status, { "Content-Type": type, "Content-Length": length, ...headers });
  response.end(head ? undefined : body);
}
