import { readFileSync } from "node:fs";
import tls from "node:tls";
import { type Dispatcher, EnvHttpProxyAgent, interceptors } from "undici";
import { ConfigError } from "../errors.ts";

/** Where pip and the tools beside it look for certificates of a company's proxy or mirror. */
const CERTIFICATE_VARIABLES = ["PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"];

/** An HTTP client that honours HTTP_PROXY, HTTPS_PROXY, NO_PROXY, pip's certificates, and up to `redirects` redirects. */
export function openHttp({ redirects = 5 } = {}): Dispatcher {
  const ca = certificates();
  const trust = ca === undefined ? {} : { connect: { ca }, requestTls: { ca }, proxyTls: { ca } };
  return new EnvHttpProxyAgent({ ...trust, headersTimeout: 30_000, bodyTimeout: 30_000 }).compose(
    interceptors.redirect({ maxRedirections: redirects }),
  );
}

function certificates(): string[] | undefined {
  const extra = CERTIFICATE_VARIABLES.flatMap((name) => {
    try {
      return [readFileSync(process.env[name] ?? "", "utf8")];
    } catch {
      return []; // a folder of certificates, or no file: pip, asked when this way fails, says what it is
    }
  });
  return extra.length === 0 ? undefined : [...tls.rootCertificates, ...extra];
}

/**
 * A server's address as a user gives it, without slashes at its end.
 *
 * @param place the variable or the key that says it
 * @throws ConfigError where it is none
 */
export function serverAddress(place: string, address: string): string {
  if (URL.canParse(address) && /^https?:/i.test(address)) return address.replace(/\/+$/, "");
  throw new ConfigError(
    `${place}: expected the address of a server, http://… or https://…, got "${address.replace(/\/\/[^/]*@/, "//")}".`,
  );
}

/** An address as messages and logs may show it. */
export const shownAddress = (url: string): string => splitCredentials(url).url.replace(/\/$/, "");

/** A URL without the name and password in it, and the header that says them instead. */
export function splitCredentials(url: string): { url: string; headers: Record<string, string> } {
  const parsed = new URL(url);
  const { username, password } = parsed;
  parsed.hash = "";
  if (username === "" && password === "") return { url: parsed.href, headers: {} };
  parsed.username = "";
  parsed.password = "";
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return {
    url: parsed.href,
    headers: { authorization: `Basic ${Buffer.from(pair).toString("base64")}` },
  };
}
